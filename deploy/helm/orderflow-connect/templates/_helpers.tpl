{{- define "orderflow.name" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 48 | trimSuffix "-" }}
{{- end }}

{{/* Call with (dict "root" $ "part" "api"). */}}
{{- define "orderflow.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "orderflow.labels" -}}
{{ include "orderflow.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "orderflow.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* A pod without any right: call with (dict "root" $ "part" "api"). */}}
{{- define "orderflow.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false # they would set variables that begin like our settings
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: home
    emptyDir: {}
  - name: tmp
    emptyDir: {}
  {{- with .root.Values.caConfigMap }}
  - name: ca
    configMap: { name: {{ . }} }
  {{- end }}
{{- end }}

{{- define "orderflow.container" -}}
image: {{ include "orderflow.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
volumeMounts:
  - { name: home, mountPath: /var/lib/orderflow }
  - { name: tmp, mountPath: /tmp }
  {{- if .root.Values.caConfigMap }}
  - { name: ca, mountPath: /etc/orderflow/ca, readOnly: true }
  {{- end }}
{{- end }}

{{/* Settings; "secrets" lists those that have to be in the Secret. Who does not "serve" has neither documents nor anybody to
notify: without the secrets that belong to these settings it would not start. */}}
{{- define "orderflow.environment" -}}
{{- $secret := .root.Values.existingSecret }}
{{- range .secrets }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }} } }
{{- end }}
{{- range .optional }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }}, optional: true } }
{{- end }}
{{- $serves := .serves }}
{{- range $name, $value := .root.Values.settings }}
{{- if or $serves (not (regexMatch "^(OBJECT_STORAGE_|ORDERFLOW_NOTIFY_)" $name)) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- if .root.Values.caConfigMap }}
- name: ORDERFLOW_CA_FILE
  value: /etc/orderflow/ca/ca.pem
{{- end }}
{{- end }}

{{/* What serves or delivers. */}}
{{- define "orderflow.settings" -}}
{{- $secrets := list "DATABASE_URL" "ENCRYPTION_MASTER_KEY" "JWT_SECRET" "PASSWORD_PEPPER" }}
{{- if .Values.celery.enabled }}{{ $secrets = append $secrets "CELERY_BROKER_URL" }}{{ end }}
{{- $optional := list "ENCRYPTION_PREVIOUS_KEYS" "OBJECT_STORAGE_ACCESS_KEY" "OBJECT_STORAGE_SECRET_KEY" }}
{{- $optional = concat $optional (list "ORDERFLOW_METRICS_TOKEN" "ORDERFLOW_SMTP_PASSWORD" "ORDERFLOW_NOTIFY_WEBHOOK_SECRET") }}
{{- include "orderflow.environment" (dict "root" . "serves" true "secrets" $secrets "optional" $optional) }}
{{- with .Values.objectStorage.endpoint }}
- name: OBJECT_STORAGE_ENDPOINT
  value: {{ . | quote }}
{{- end }}
- name: OBJECT_STORAGE_BUCKET
  value: {{ .Values.objectStorage.bucket | quote }}
- name: OBJECT_STORAGE_REGION
  value: {{ .Values.objectStorage.region | quote }}
{{- end }}

{{- define "orderflow.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ include "orderflow.selector" . | nindent 8 }}
{{- end }}
