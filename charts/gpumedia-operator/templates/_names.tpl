{{- define "gpumedia-operator.name" -}}
{{- $named := printf "%s-gpumedia-operator" .Release.Name -}}
{{- if contains "gpumedia-operator" .Release.Name -}}{{- $named = .Release.Name -}}{{- end -}}
{{- .Values.fullnameOverride | default $named | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{- /* Of cluster-scoped objects: installations in different namespaces do not collide. */ -}}
{{- define "gpumedia-operator.clusterName" -}}
{{- .Release.Namespace }}.{{ include "gpumedia-operator.name" . }}
{{- end }}

{{- define "gpumedia-operator.selectorLabels" -}}
app.kubernetes.io/name: gpumedia-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gpumedia-operator.labels" -}}
{{ include "gpumedia-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: gpumedia
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* "true" where the platform assigns users, as OpenShift does; empty elsewhere. */ -}}
{{- define "gpumedia-operator.assignsUsers" -}}
{{- $isOpenShift := .Capabilities.APIVersions.Has "security.openshift.io/v1/SecurityContextConstraints" -}}
{{- if or (eq .Values.runAs "Platform") (and (eq .Values.runAs "Auto") $isOpenShift) -}}true{{- end -}}
{{- end }}

{{- define "gpumedia-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "gpumedia-operator.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- /* A Role and RoleBinding, or a ClusterRole and ClusterRoleBinding without a namespace. Arguments: root, name, namespace, rules. */ -}}
{{- define "gpumedia-operator.grant" -}}
{{- $scope := ternary "" "Cluster" (hasKey . "namespace") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $scope }}Role
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "gpumedia-operator.labels" .root | nindent 4 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $scope }}RoleBinding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "gpumedia-operator.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $scope }}Role
  name: {{ .name }}
subjects:
  {{- include "gpumedia-operator.subject" .root | nindent 2 }}
{{- end }}
