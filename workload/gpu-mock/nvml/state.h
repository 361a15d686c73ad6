/* The current content of the mock's file; docs/gpu.md describes its format. */
#pragma once
#include "abi.h"

#define MOST_GPUS 16
#define MOST_MIG_DEVICES 7

/* Starts an NVML call: sleeps for the file's `delay-ms`, takes the lock, and reads the file again if it has changed.
 * Returns the file's error for this call (NVML_SUCCESS: none). Every begin() needs an end(). */
int begin(const char *function, nvmlDevice_t device);

/* Ends the call that begin() started, and returns `code`. */
int end(int code);

/* Between begin() and end(): a figure of a device. A missing line is NVML_ERROR_NOT_SUPPORTED. */
int number_of(nvmlDevice_t device, const char *figure, u64 *value);
int text_of(nvmlDevice_t device, const char *figure, char *buffer, unsigned length);

/* Between begin() and end(): a line of the system, or NULL. */
const char *system_line(const char *key);

/* Between begin() and end(): the number of GPUs, and whether a MIG device exists. */
unsigned gpu_count(void);
int exists(nvmlDevice_t device);

/* nvmlInit and nvmlShutdown are counted; other calls are valid only between them. */
int initialise(const char *function);
int shut_down(const char *function);

const char *error_string(int code);
