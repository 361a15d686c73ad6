{{- /* Generated from charts/install/src by `make generate`: do not edit. */ -}}
{{- define "gpumedia-operator.clusterReads" -}}
- apiGroups:
    - gpumedia.io
  resources:
    - gpumediaprofiles
  verbs:
    - list
    - watch
- apiGroups:
    - ""
  resources:
    - nodes
  verbs:
    - list
    - watch
- apiGroups:
    - resource.k8s.io
  resources:
    - deviceclasses
    - resourceslices
  verbs:
    - list
    - watch
- apiGroups:
    - resource.k8s.io
  resources:
    - devicetaintrules
  verbs:
    - list
    - watch
- apiGroups:
    - gateway.networking.k8s.io
  resources:
    - gateways
  verbs:
    - list
    - watch
- apiGroups:
    - networking.k8s.io
  resources:
    - ingressclasses
  verbs:
    - list
    - watch
- apiGroups:
    - monitoring.coreos.com
  resources:
    - prometheuses
    - thanosrulers
  verbs:
    - list
    - watch
- apiGroups:
    - karpenter.sh
  resources:
    - nodeclaims
  verbs:
    - get
{{- end }}
{{- define "gpumedia-operator.metricsApiNamespaceRules" -}}
- apiGroups:
    - discovery.k8s.io
  resources:
    - endpointslices
  verbs:
    - create
    - patch
- apiGroups:
    - ""
  resources:
    - endpoints
  verbs:
    - create
    - patch
- apiGroups:
    - ""
  resources:
    - services
  verbs:
    - create
    - get
    - patch
{{- end }}
{{- define "gpumedia-operator.metricsApiRules" -}}
- apiGroups:
    - apiregistration.k8s.io
  resources:
    - apiservices
  verbs:
    - create
- apiGroups:
    - apiregistration.k8s.io
  resources:
    - apiservices
  verbs:
    - get
    - patch
  resourceNames:
    - v1beta1.custom.metrics.k8s.io
    - v1beta2.custom.metrics.k8s.io
- apiGroups:
    - authorization.k8s.io
  resources:
    - subjectaccessreviews
  verbs:
    - create
- apiGroups:
    - ""
  resources:
    - configmaps
  verbs:
    - get
  resourceNames:
    - extension-apiserver-authentication
{{- end }}
{{- define "gpumedia-operator.ownNamespaceRules" -}}
- apiGroups:
    - coordination.k8s.io
  resources:
    - leases
  verbs:
    - create
    - get
    - update
{{- end }}
{{- define "gpumedia-operator.profileRules" -}}
- apiGroups:
    - gpumedia.io
  resources:
    - gpumediaprofiles/status
  verbs:
    - patch
{{- end }}
{{- define "gpumedia-operator.serviceRules" -}}
- apiGroups:
    - gpumedia.io
  resources:
    - gpumediaservices
  verbs:
    - list
    - watch
- apiGroups:
    - gpumedia.io
  resources:
    - gpumedialoadtests
  verbs:
    - create
    - delete
    - list
    - watch
- apiGroups:
    - batch
  resources:
    - jobs
  verbs:
    - create
    - delete
    - list
    - watch
- apiGroups:
    - ""
  resources:
    - events
  verbs:
    - list
- apiGroups:
    - gpumedia.io
  resources:
    - gpumediaservices/status
    - gpumedialoadtests/status
  verbs:
    - patch
- apiGroups:
    - ""
  resources:
    - pods
  verbs:
    - patch
    - list
    - watch
- apiGroups:
    - resource.k8s.io
  resources:
    - resourceclaims
  verbs:
    - list
    - watch
- apiGroups:
    - ""
  resources:
    - resourcequotas
  verbs:
    - list
    - watch
- apiGroups:
    - gpumedia.io
  resources:
    - gpumediaservices/finalizers
    - gpumedialoadtests/finalizers
  verbs:
    - update
- apiGroups:
    - ""
  resources:
    - configmaps
    - serviceaccounts
    - services
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - apps
  resources:
    - deployments
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - apps
  resources:
    - replicasets
  verbs:
    - list
    - watch
- apiGroups:
    - autoscaling
  resources:
    - horizontalpodautoscalers
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - policy
  resources:
    - poddisruptionbudgets
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - networking.k8s.io
  resources:
    - ingresses
    - networkpolicies
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - gateway.networking.k8s.io
  resources:
    - httproutes
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - stunner.l7mp.io
  resources:
    - udproutes
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - autoscaling.k8s.io
  resources:
    - verticalpodautoscalers
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - keda.sh
  resources:
    - scaledobjects
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - resource.k8s.io
  resources:
    - resourceclaimtemplates
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - monitoring.coreos.com
  resources:
    - podmonitors
    - prometheusrules
  verbs:
    - create
    - delete
    - get
    - list
    - patch
    - watch
- apiGroups:
    - events.k8s.io
  resources:
    - events
  verbs:
    - create
    - patch
{{- end }}
{{- define "gpumedia-operator.sharedRules" -}}
- apiGroups:
    - ""
  resources:
    - configmaps
  verbs:
    - create
    - delete
    - list
    - patch
    - watch
- apiGroups:
    - monitoring.coreos.com
  resources:
    - prometheusrules
  verbs:
    - create
    - delete
    - list
    - patch
    - watch
{{- end }}
