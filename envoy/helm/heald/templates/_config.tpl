{{/* Where the Secrets are mounted. */}}
{{- define "heald.secrets" -}}/run/secrets/heald{{- end -}}

{{/* heald.yaml: .Values.config, and what it leaves to the chart. */}}
{{- define "heald.config" -}}
{{- $c := deepCopy .Values.config -}}
{{- $dir := include "heald.secrets" . -}}
{{- range list "grpc" "admin" -}}
{{- if hasKey (default dict $c.listen) . -}}
{{- fail (printf "config.listen.%s: the chart sets it; remove it (service.port and bindAddress choose the address)" .) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.envoy.enabled (eq (toString $c.mode) "one_hop") -}}
{{- fail "config.mode: one_hop is for an Envoy with one listener, and that of envoy.enabled has two; remove it" -}}
{{- end -}}
{{- $tls := get (default dict $c.listen) "tls" -}}
{{- if and .Values.envoy.enabled (or $tls .Values.tls.existingSecret) -}}
{{- fail (printf "%s: with envoy.enabled the gRPC port is on loopback, where the Envoy of the pod connects in plain text; remove it" (ternary "tls.existingSecret" "config.listen.tls" (not (empty .Values.tls.existingSecret)))) -}}
{{- end -}}
{{- if .Values.tls.existingSecret -}}
{{- $tls = dict "cert" "/run/tls/tls.crt" "key" "/run/tls/tls.key" "client_ca" "/run/tls/ca.crt" -}}
{{- with .Values.tls.allow }}{{ $_ := set $tls "allow" . }}{{ end -}}
{{- end -}}
{{- $grpc := ternary "127.0.0.1:9000" (printf "%s:9000" .Values.bindAddress) .Values.envoy.enabled -}}
{{- $listen := dict "grpc" (list $grpc) "admin" (printf "%s:9001" .Values.bindAddress) -}}
{{- with $tls }}{{ $_ := set $listen "tls" . }}{{ end -}}
{{- $_ := set $c "listen" $listen -}}
{{- if not (or $c.backends $c.accounts) -}}
{{- if not (or .Values.geminiApiKey .Values.secrets.existing (hasKey .Values.secrets.values "gemini-api-key")) -}}
{{- fail "no account: give --set geminiApiKey=…, name a Secret with the key gemini-api-key in secrets.existing, or list backends and accounts in config" -}}
{{- end -}}
{{- $_ := set $c "backends" (list (dict "name" "ai-studio" "kind" "ai_studio")) -}}
{{- $_ := set $c "accounts" (list (dict "id" "main" "backend" "ai-studio" "secret" (dict "file" (printf "%s/gemini-api-key" $dir)))) -}}
{{- end -}}
{{- if not $c.memory_key }}{{ $_ := set $c "memory_key" (dict "file" (printf "%s/memory-key" $dir)) }}{{ end -}}
{{- if not $c.hop_secret }}{{ $_ := set $c "hop_secret" (dict "file" (printf "%s/hop-secret" $dir)) }}{{ end -}}
{{- $admin := deepCopy (default dict $c.admin) -}}
{{- if not (or $admin.token $admin.open) }}{{ $_ := set $admin "token" (dict "file" (printf "%s/admin-token" $dir)) }}{{ end -}}
{{- $_ := set $c "admin" $admin -}}
{{- with .Values.tenants.existingSecret }}{{ $_ := set $c "tenants_dir" "/etc/heald-tenants" }}{{ end -}}
{{- if eq (include "heald.asksClientKey" .) "true" -}}
{{- $_ := set $c "client_keys" (list (dict "file" (printf "%s/client-key" $dir))) -}}
{{- end -}}
{{- $redis := .Values.redis -}}
{{- if or $redis.url $redis.deploy -}}
{{- include "heald.noLogin" (dict "path" "redis.url" "url" $redis.url "fix" "put the password into a Secret and name its key in redis.passwordKey") -}}
{{- if and $redis.url $redis.deploy }}{{ fail "redis.deploy: redis.url names another Redis; set one of them" }}{{ end -}}
{{- $state := deepCopy (default dict $c.state) -}}
{{- $at := deepCopy (default dict $state.redis) -}}
{{- $_ := set $at "url" (default (printf "redis://%s-redis:6379" (include "heald.fullname" .)) $redis.url) -}}
{{- with ternary "redis-password" $redis.passwordKey $redis.deploy }}{{ $_ := set $at "password" (dict "file" (printf "%s/%s" $dir .)) }}{{ end -}}
{{- $_ := set $state "redis" $at -}}
{{- $_ := set $c "state" $state -}}
{{- end -}}
{{- include "heald.noLogin" (dict "path" "config.state.redis.url" "url" (get (default dict (get (default dict $c.state) "redis")) "url") "fix" "put the password into a Secret and name its file in config.state.redis.password") -}}
{{- range $i, $b := $c.backends -}}
{{- range list "url" "proxy" -}}
{{- include "heald.noLogin" (dict "path" (printf "config.backends[%d].%s" $i .) "url" (get $b .) "fix" "name the file of a Secret, such as proxy_login: {file: …}, in place of it") -}}
{{- end -}}
{{- end -}}
{{- toYaml $c -}}
{{- end -}}

{{/* Whether the chart makes clients send a key: its own Envoy is reachable, and heald.yaml does not say who may call. */}}
{{- define "heald.asksClientKey" -}}
{{- $c := .Values.config -}}
{{- and .Values.envoy.enabled (not (or $c.client_keys $c.tenants $c.tenants_dir $c.auth .Values.tenants.existingSecret)) -}}
{{- end -}}

{{/* Refuses a URL with a login: everybody may read a ConfigMap. */}}
{{- define "heald.noLogin" -}}
{{- if regexMatch "(?i)@|[?&](user|username|pass|password|key|token|auth)=" (toString (default "" .url)) -}}
{{- fail (printf "%s: it holds a user or a password, and everybody may read a ConfigMap; %s" .path .fix) -}}
{{- end -}}
{{- end -}}

{{/* The key of the mounted Secrets that a file of heald.yaml is; "" for another file. */}}
{{- define "heald.keyOf" -}}
{{- $dir := printf "%s/" (include "heald.secrets" .root) -}}
{{- if hasPrefix $dir (toString .file) }}{{ trimPrefix $dir .file }}{{ end -}}
{{- end -}}

{{/* The keys for which the chart makes values: those that heald.yaml names where they are by default. */}}
{{- define "heald.made" -}}
{{- $config := include "heald.config" . -}}
{{- $made := list -}}
{{- range list "memory-key" "hop-secret" "admin-token" -}}
{{- if regexMatch (printf "(?m)%s/%s\\s*$" (include "heald.secrets" $) .) $config }}{{ $made = append $made . }}{{ end -}}
{{- end -}}
{{- if eq (include "heald.asksClientKey" .) "true" }}{{ $made = append $made "client-key" }}{{ end -}}
{{- if .Values.redis.deploy }}{{ $made = append $made "redis-password" }}{{ end -}}
{{- toJson $made -}}
{{- end -}}

{{/* The Secret that a mounted key comes from: the last one that has it. What is in those of the user Helm sees only in a cluster; elsewhere it is the chart's, or else their first. */}}
{{- define "heald.secretOf" -}}
{{- $v := .root.Values -}}
{{- $name := "" -}}
{{- range $v.secrets.existing -}}
{{- if hasKey (default dict (get (default dict (lookup "v1" "Secret" $.root.Release.Namespace .)) "data")) $.key }}{{ $name = . }}{{ end -}}
{{- end -}}
{{- $own := and $v.secrets.create (or (hasKey $v.secrets.values .key) (has .key (include "heald.made" .root | fromJsonArray)) (not $v.secrets.existing)) -}}
{{- if $name }}{{ $name }}{{ else if $own }}{{ include "heald.fullname" .root }}{{ else }}{{ first $v.secrets.existing }}{{ end -}}
{{- end -}}

{{/* What a running heald cannot change: pods are replaced if it does. With an Envoy in the pod everything is in its configuration, too. */}}
{{- define "heald.restart" -}}
{{- $c := include "heald.config" . | fromYaml -}}
{{- $admin := default dict $c.admin -}}
{{- if .Values.envoy.enabled -}}
{{- printf "%s %s" (toYaml $c) (get .Values.secrets.values "hop-secret") | sha256sum -}}
{{- else -}}
{{- dict "listen" (omit $c.listen "tls") "tls" (hasKey $c.listen "tls") "admin" (hasKey $admin "tls") "state" $c.state "record" $c.record "max_body" $c.max_body | toYaml | sha256sum -}}
{{- end -}}
{{- end -}}
