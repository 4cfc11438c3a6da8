/* The headers that org.ggml4j.bindings.ggml is generated from. */
#include "ggml.h"
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml-opt.h"
#include "ggml-rpc.h"
#include "gguf.h"
