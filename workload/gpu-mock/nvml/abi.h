/* The part of NVIDIA's NVML binary interface that the mock implements, declared from the public documentation
 * (docs.nvidia.com, "NVML API Reference Guide"). Layouts must match exactly: clients are compiled against them. */
#pragma once

typedef unsigned long long u64;

/* nvmlReturn_t */
enum {
  NVML_SUCCESS = 0,
  NVML_ERROR_UNINITIALIZED = 1,
  NVML_ERROR_INVALID_ARGUMENT = 2,
  NVML_ERROR_NOT_SUPPORTED = 3,
  NVML_ERROR_NOT_FOUND = 6,
  NVML_ERROR_INSUFFICIENT_SIZE = 7,
  NVML_ERROR_DRIVER_NOT_LOADED = 9,
  NVML_ERROR_TIMEOUT = 10,
  NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
};

/* nvmlDevice_t is an opaque pointer; ours points to one of these, and stays valid when the file changes. */
typedef struct device {
  unsigned gpu;
  int mig; /* -1: the whole GPU */
} *nvmlDevice_t;

typedef struct {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
} nvmlPciInfo_t;

typedef struct {
  u64 total, free, used;
} nvmlMemory_t; /* nvmlBAR1Memory_t has the same layout: total, free, used */

typedef struct {
  unsigned version; /* in: size | 2 << 24 */
  u64 total, reserved, free, used;
} nvmlMemory_v2_t;

typedef struct {
  unsigned gpu, memory;
} nvmlUtilization_t;

typedef struct {
  unsigned version; /* in: size | 1 << 24 */
  unsigned sensor;  /* in: 0 is the GPU */
  int celsius;
} nvmlTemperature_v1_t;

typedef struct {
  unsigned pid;
  u64 used_gpu_memory; /* all ones: not available */
  unsigned gpu_instance_id, compute_instance_id;
} nvmlProcessInfo_t;

typedef struct {
  unsigned field_id, scope_id; /* in */
  long long timestamp_us, latency_us;
  unsigned value_type, nvml_return;
  union {
    unsigned ui;
    u64 ull;
  } value;
} nvmlFieldValue_t;

/* nvmlValueType_t */
enum { VALUE_UNSIGNED_INT = 1, VALUE_UNSIGNED_LONG_LONG = 3 };

typedef struct {
  unsigned multiprocessors, copy_engines, decoders, encoders, jpegs, ofas, gpu_slices, compute_slices;
  u64 memory_mib;
} nvmlDeviceAttributes_t;

typedef struct {
  nvmlDevice_t device;
  u64 type, data; /* type 8: critical XID error, data is the XID */
  unsigned gpu_instance_id, compute_instance_id;
} nvmlEventData_t;

_Static_assert(sizeof(nvmlPciInfo_t) == 68, "nvmlPciInfo_t");
_Static_assert(sizeof(nvmlMemory_v2_t) == 40, "nvmlMemory_v2_t");
_Static_assert(sizeof(nvmlProcessInfo_t) == 24, "nvmlProcessInfo_t");
_Static_assert(sizeof(nvmlFieldValue_t) == 40, "nvmlFieldValue_t");
_Static_assert(sizeof(nvmlDeviceAttributes_t) == 40, "nvmlDeviceAttributes_t");
_Static_assert(sizeof(nvmlEventData_t) == 32, "nvmlEventData_t");
