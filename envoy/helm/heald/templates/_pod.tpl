{{/* What no container may do. */}}
{{- define "heald.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* The whole directories are mounted, not files of them: only those does the kubelet replace when they change. */}}
{{- define "heald.mounts" -}}
- {name: config, mountPath: /etc/heald, readOnly: true}
- {name: secrets, mountPath: {{ include "heald.secrets" . }}, readOnly: true}
{{- if .Values.tls.existingSecret }}
- {name: tls, mountPath: /run/tls, readOnly: true}
{{- end }}
{{- if .Values.tenants.existingSecret }}
- {name: tenants, mountPath: /etc/heald-tenants, readOnly: true}
{{- end }}
{{- if .Values.workloadIdentity.audience }}
- {name: workload-identity, mountPath: /run/secrets/workload-identity, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "heald.volumes" -}}
- name: config
  configMap: {name: {{ include "heald.fullname" . }}}
{{- if or .Values.secrets.create .Values.secrets.existing }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
    {{- if .Values.secrets.create }}
    - secret: {name: {{ include "heald.fullname" . }}}
    {{- end }}
    {{- range .Values.secrets.existing }}
    - secret: {name: {{ . }}}
    {{- end }}
{{- else }}
{{- fail "secrets.create is false and secrets.existing is empty: heald needs at least memory-key, hop-secret and admin-token" }}
{{- end }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- with .Values.tenants.existingSecret }}
- name: tenants
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- with .Values.workloadIdentity.audience }}
- name: workload-identity
  projected:
    defaultMode: 0440
    sources:
    - serviceAccountToken: {path: token, audience: {{ . | quote }}, expirationSeconds: 3600}
{{- end }}
{{- if .Values.envoy.enabled }}
- name: envoy
  emptyDir: {medium: Memory, sizeLimit: 8Mi} # its configuration has the hop secret
- name: run
  emptyDir: {medium: Memory, sizeLimit: 8Mi} # the socket through which heald fetches the rest of broken answers
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Envoy's configuration, made by heald itself, and Envoy, which ends after heald. */}}
{{- define "heald.envoy" -}}
- name: envoy-config
  image: {{ include "heald.image" (dict "repository" .Values.image.repository "tag" (default .Chart.AppVersion .Values.image.tag) "digest" .Values.image.digest) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args:
  - envoy
  - --config=/etc/heald/heald.yaml
  - --listen={{ .Values.bindAddress }}:{{ .Values.envoy.port }}
  - --envoy-admin=unix:///run/heald/envoy-admin.sock
  - --envoy-metrics={{ .Values.bindAddress }}:9902
  - --heap-limit={{ include "heald.bytes" (dict "quantity" .Values.envoy.resources.limits.memory "percent" 80 "path" "envoy.resources.limits.memory") }}
  - --output=/run/envoy/envoy.yaml
  {{- range .Values.envoy.extraArgs }}
  - {{ . | quote }}
  {{- end }}
  {{- with .Values.extraEnv }}
  env: {{- toYaml . | nindent 2 }}
  {{- end }}
  securityContext: {{- include "heald.confined" . | nindent 4 }}
  resources: {{- toYaml .Values.resources | nindent 4 }}
  volumeMounts:
  {{- include "heald.mounts" . | nindent 2 }}
  - {name: envoy, mountPath: /run/envoy}
- name: envoy
  image: {{ include "heald.image" .Values.envoy.image | quote }}
  imagePullPolicy: {{ .Values.envoy.image.pullPolicy }}
  restartPolicy: Always
  command: [/usr/local/bin/envoy]
  args:
  - --config-path
  - /run/envoy/envoy.yaml
  - --disable-hot-restart
  {{- with .Values.envoy.concurrency }}
  - --concurrency
  - {{ . | quote }}
  {{- end }}
  {{- with .Values.extraEnv }}
  env: {{- toYaml . | nindent 2 }}
  {{- end }}
  ports:
  - {name: http, containerPort: {{ .Values.envoy.port }}}
  - {name: envoy-metrics, containerPort: 9902}
  # Ready while a heald is healthy. There is no startup probe, for which heald would
  # wait: it starts after this container.
  readinessProbe:
    httpGet: {path: /healthz, port: http}
    periodSeconds: 5
  livenessProbe:
    tcpSocket: {port: http}
    periodSeconds: 10
  securityContext: {{- include "heald.confined" . | nindent 4 }}
  resources: {{- toYaml .Values.envoy.resources | nindent 4 }}
  volumeMounts:
  - {name: envoy, mountPath: /run/envoy, readOnly: true}
  - {name: run, mountPath: /run/heald}
{{- end -}}
