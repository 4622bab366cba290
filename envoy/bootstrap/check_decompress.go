package bootstrap

import (
	"fmt"

	decompressorv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/decompressor/v3"
)

// checkDecompressors finds filters that inflate bodies before heald can.
// Measured with 1.39 and 1.40: a broken body goes on as far as it could be
// read, without an error, and one that grows to more than max_inflate_ratio
// (100) is cut off.
func (c *checker) checkDecompressors(ch *chain) {
	for i, f := range ch.hcm.GetHttpFilters() {
		d, ok := decode[*decompressorv3.Decompressor](f.GetTypedConfig())
		if !ok || f.GetDisabled() {
			continue
		}
		path := fmt.Sprintf("%s.http_filters[%s].typed_config.", ch.path, itemLabel(f.ProtoReflect(), i))
		const fix = ": {common_config: {enabled: {default_value: false, runtime_key: heald.inflate}}}, or remove the filter; heald reads gzip, deflate, zstd and br itself"
		if enabled(d.GetRequestDirectionConfig().GetCommonConfig()) {
			c.problem(path+"request_direction_config", "compressed requests are inflated before heald has them",
				"broken ones reach heald without an error, and those that grow a hundredfold are cut off: clients are told that their JSON is wrong, or get an answer to a different question",
				"request_direction_config"+fix)
		}
		if ch == c.inner && enabled(d.GetResponseDirectionConfig().GetCommonConfig()) {
			c.problem(path+"response_direction_config", "compressed replies are inflated before heald has them",
				"broken ones reach heald without an error, and may be taken for complete", "response_direction_config"+fix)
		}
	}
}

// enabled reports whether a direction is switched on, as it is by default.
func enabled(common *decompressorv3.Decompressor_CommonDirectionConfig) bool {
	return common.GetEnabled() == nil || common.GetEnabled().GetDefaultValue().GetValue()
}
