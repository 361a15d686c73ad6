/* What the mock's file says now; see docs/gpu.md for its format. */
#pragma once
#include "abi.h"

#define MOST_GPUS 16
#define MOST_MIG_DEVICES 7

/* Starts one NVML call: sleeps as the file's `delay-ms` tells, takes the lock, reads the file again when it changed.
 * Answers the error that the file wants of this call (NVML_SUCCESS: none). Every begin() needs an end(). */
int begin(const char *function, nvmlDevice_t device);

/* Ends the call that begin() started and answers `code`. */
int end(int code);

/* Between begin() and end(): the figure of a device. A line that the file lacks is NVML_ERROR_NOT_SUPPORTED. */
int number_of(nvmlDevice_t device, const char *figure, u64 *value);
int text_of(nvmlDevice_t device, const char *figure, char *buffer, unsigned length);

/* Between begin() and end(): a line of the whole system, or NULL. */
const char *system_line(const char *key);

/* Between begin() and end(): how many GPUs, and whether this MIG device exists. */
unsigned gpu_count(void);
int exists(nvmlDevice_t device);

/* nvmlInit and nvmlShutdown count; calls between them only. */
int initialise(const char *function);
int shut_down(const char *function);

const char *error_string(int code);
