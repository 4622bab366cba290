{{/* A share in percent of a quantity of memory such as 512Mi, in bytes. */}}
{{- define "heald.bytes" -}}
{{- $text := toString .quantity -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $number := trimSuffix $unit $text -}}
{{- if or (not (hasKey $units $unit)) (not (regexMatch "^[0-9]+(\\.[0-9]+)?$" $number)) -}}
{{- fail (printf "%s: %s is no quantity of memory; write it as 512Mi or 2Gi" .path $text) -}}
{{- end -}}
{{- divf (mulf (float64 $number) (get $units $unit) .percent) 100 | floor | int64 -}}
{{- end -}}
