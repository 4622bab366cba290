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
{{- $tls := get (default dict $c.listen) "tls" -}}
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
{{- if contains "@" $redis.url }}{{ fail "redis.url: it holds a user or a password, and everybody may read a ConfigMap; put the password into a Secret and name its key in redis.passwordKey" }}{{ end -}}
{{- if and $redis.url $redis.deploy }}{{ fail "redis.deploy: redis.url names another Redis; set one of them" }}{{ end -}}
{{- $state := deepCopy (default dict $c.state) -}}
{{- $at := deepCopy (default dict $state.redis) -}}
{{- $_ := set $at "url" (default (printf "redis://%s-redis:6379" (include "heald.fullname" .)) $redis.url) -}}
{{- with ternary "redis-password" $redis.passwordKey $redis.deploy }}{{ $_ := set $at "password" (dict "file" (printf "%s/%s" $dir .)) }}{{ end -}}
{{- $_ := set $state "redis" $at -}}
{{- $_ := set $c "state" $state -}}
{{- end -}}
{{- toYaml $c -}}
{{- end -}}

{{/* Whether the chart makes clients send a key: its own Envoy is reachable, and heald.yaml does not say who may call. */}}
{{- define "heald.asksClientKey" -}}
{{- $c := .Values.config -}}
{{- and .Values.envoy.enabled (not (or $c.client_keys $c.tenants $c.tenants_dir $c.auth .Values.tenants.existingSecret)) -}}
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
