/* Calls that NVIDIA's k8s-device-plugin needs besides figures: GPU locations, types and critical errors. */
#include "state.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#pragma GCC visibility push(default)

int nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci) {
  int code = begin(__func__, device);
  if (code != NVML_SUCCESS) return end(code);
  memset(pci, 0, sizeof *pci);
  pci->bus = 0x10 + device->gpu;
  pci->pci_device_id = 0x27b810de; /* an L4 */
  snprintf(pci->bus_id_legacy, sizeof pci->bus_id_legacy, "0000:%02X:00.0", pci->bus);
  snprintf(pci->bus_id, sizeof pci->bus_id, "00000000:%02X:00.0", pci->bus);
  return end(NVML_SUCCESS);
}
int nvmlDeviceGetBrand(nvmlDevice_t device, unsigned *brand) {
  *brand = 14; /* NVML_BRAND_NVIDIA */
  return end(begin(__func__, device));
}
int nvmlDeviceGetArchitecture(nvmlDevice_t device, unsigned *architecture) {
  *architecture = 8; /* NVML_DEVICE_ARCH_ADA */
  return end(begin(__func__, device));
}
int nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor) {
  *major = 8;
  *minor = 9;
  return end(begin(__func__, device));
}
int nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes) {
  u64 bytes = 0;
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS && device->mig < 0) code = NVML_ERROR_NOT_SUPPORTED;
  if (code == NVML_SUCCESS) code = number_of(device, "memory-total-bytes", &bytes);
  if (code != NVML_SUCCESS) return end(code);
  *attributes = (nvmlDeviceAttributes_t){.gpu_slices = 1, .compute_slices = 1, .memory_mib = bytes >> 20};
  return end(NVML_SUCCESS);
}
int nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t a, nvmlDevice_t b, unsigned *level) {
  (void)b;
  *level = 30; /* NVML_TOPOLOGY_HOSTBRIDGE */
  return end(begin(__func__, a));
}
static int not_supported(const char *function, nvmlDevice_t device) {
  int code = begin(function, device);
  return end(code == NVML_SUCCESS ? NVML_ERROR_NOT_SUPPORTED : code);
}
int nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned link, unsigned *active) {
  (void)link, (void)active;
  return not_supported(__func__, device);
}
int nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned link, nvmlPciInfo_t *pci) {
  (void)link, (void)pci;
  return not_supported(__func__, device);
}
int nvmlDeviceGetNumaNodeId(nvmlDevice_t device, unsigned *node) {
  (void)node;
  return not_supported(__func__, device);
}

/* Events: only critical XID errors (type 8). A `gpu.N.xid` line is reported once; remove it to report it again. */
#define XID_CRITICAL 8ULL
static nvmlDevice_t registered[MOST_GPUS];
static u64 reported[MOST_GPUS];

int nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, u64 *types) {
  *types = XID_CRITICAL;
  return end(begin(__func__, device));
}
int nvmlEventSetCreate(void **set) {
  memset(registered, 0, sizeof registered);
  memset(reported, 0, sizeof reported);
  *set = registered;
  return end(begin(__func__, NULL));
}
int nvmlEventSetFree(void *set) {
  (void)set;
  return end(begin(__func__, NULL));
}
int nvmlDeviceRegisterEvents(nvmlDevice_t device, u64 types, void *set) {
  (void)types, (void)set;
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS) registered[device->gpu] = device;
  return end(code);
}

static int next_xid(nvmlEventData_t *event) {
  for (unsigned gpu = 0; gpu < MOST_GPUS; gpu++) {
    u64 xid = 0;
    if (!registered[gpu]) continue;
    number_of(registered[gpu], "xid", &xid);
    if (xid == reported[gpu]) continue;
    reported[gpu] = xid;
    if (xid == 0) continue;
    *event = (nvmlEventData_t){registered[gpu], XID_CRITICAL, xid, 0xFFFFFFFF, 0xFFFFFFFF};
    return 1;
  }
  return 0;
}
int nvmlEventSetWait_v2(void *set, nvmlEventData_t *event, unsigned timeout_ms) {
  (void)set;
  for (unsigned waited_ms = 0;; waited_ms += 100) {
    int code = begin(__func__, NULL);
    if (code != NVML_SUCCESS) return end(code);
    int found = next_xid(event);
    end(code);
    if (found) return NVML_SUCCESS;
    if (waited_ms >= timeout_ms) return NVML_ERROR_TIMEOUT;
    usleep(100 * 1000);
  }
}
