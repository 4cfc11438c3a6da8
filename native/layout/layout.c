/*
 * Prints what the C compiler makes of GGML's public headers: the size of each structure that ggml4j binds, the offset
 * and size of each field, and the value of each constant. A test of the bindings compares the generated layouts with it
 * and fails if a structure or a field that is bound has no row here.
 */
#include "ggml.h"
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml-opt.h"
#include "ggml-rpc.h"
#include "gguf.h"

#include <stddef.h>
#include <stdio.h>

#define STRUCT(s) printf("struct %s %zu\n", #s, sizeof(struct s))
#define FIELD(s, f) \
    printf("field %s %s %zu %zu\n", #s, #f, offsetof(struct s, f), sizeof(((struct s *) 0)->f))
#define CONSTANT(c) printf("constant %s %lld\n", #c, (long long) (c))

static void structs(void) {
    STRUCT(ggml_backend_dev_caps);
    FIELD(ggml_backend_dev_caps, async);
    FIELD(ggml_backend_dev_caps, host_buffer);
    FIELD(ggml_backend_dev_caps, buffer_from_host_ptr);
    FIELD(ggml_backend_dev_caps, events);
    FIELD(ggml_backend_dev_caps, mmap_support);

    STRUCT(ggml_backend_dev_props);
    FIELD(ggml_backend_dev_props, name);
    FIELD(ggml_backend_dev_props, description);
    FIELD(ggml_backend_dev_props, memory_free);
    FIELD(ggml_backend_dev_props, memory_total);
    FIELD(ggml_backend_dev_props, type);
    FIELD(ggml_backend_dev_props, device_id);
    FIELD(ggml_backend_dev_props, caps);

    STRUCT(ggml_backend_feature);
    FIELD(ggml_backend_feature, name);
    FIELD(ggml_backend_feature, value);

    STRUCT(ggml_cplan);
    FIELD(ggml_cplan, work_size);
    FIELD(ggml_cplan, work_data);
    FIELD(ggml_cplan, n_threads);
    FIELD(ggml_cplan, threadpool);
    FIELD(ggml_cplan, abort_callback);
    FIELD(ggml_cplan, abort_callback_data);
    FIELD(ggml_cplan, use_ref);

    STRUCT(ggml_init_params);
    FIELD(ggml_init_params, mem_size);
    FIELD(ggml_init_params, mem_buffer);
    FIELD(ggml_init_params, no_alloc);

    STRUCT(ggml_opt_optimizer_params);
    FIELD(ggml_opt_optimizer_params, adamw);
    FIELD(ggml_opt_optimizer_params, adamw.alpha);
    FIELD(ggml_opt_optimizer_params, adamw.beta1);
    FIELD(ggml_opt_optimizer_params, adamw.beta2);
    FIELD(ggml_opt_optimizer_params, adamw.eps);
    FIELD(ggml_opt_optimizer_params, adamw.wd);
    FIELD(ggml_opt_optimizer_params, sgd);
    FIELD(ggml_opt_optimizer_params, sgd.alpha);
    FIELD(ggml_opt_optimizer_params, sgd.wd);

    STRUCT(ggml_opt_params);
    FIELD(ggml_opt_params, backend_sched);
    FIELD(ggml_opt_params, ctx_compute);
    FIELD(ggml_opt_params, inputs);
    FIELD(ggml_opt_params, outputs);
    FIELD(ggml_opt_params, loss_type);
    FIELD(ggml_opt_params, build_type);
    FIELD(ggml_opt_params, opt_period);
    FIELD(ggml_opt_params, get_opt_pars);
    FIELD(ggml_opt_params, get_opt_pars_ud);
    FIELD(ggml_opt_params, optimizer);

    STRUCT(ggml_tallocr);
    FIELD(ggml_tallocr, buffer);
    FIELD(ggml_tallocr, base);
    FIELD(ggml_tallocr, alignment);
    FIELD(ggml_tallocr, offset);

    STRUCT(ggml_tensor);
    FIELD(ggml_tensor, type);
    FIELD(ggml_tensor, buffer);
    FIELD(ggml_tensor, ne);
    FIELD(ggml_tensor, nb);
    FIELD(ggml_tensor, op);
    FIELD(ggml_tensor, op_params);
    FIELD(ggml_tensor, flags);
    FIELD(ggml_tensor, src);
    FIELD(ggml_tensor, view_src);
    FIELD(ggml_tensor, view_offs);
    FIELD(ggml_tensor, data);
    FIELD(ggml_tensor, name);
    FIELD(ggml_tensor, extra);
    FIELD(ggml_tensor, padding);

    STRUCT(ggml_threadpool_params);
    FIELD(ggml_threadpool_params, cpumask);
    FIELD(ggml_threadpool_params, n_threads);
    FIELD(ggml_threadpool_params, prio);
    FIELD(ggml_threadpool_params, poll);
    FIELD(ggml_threadpool_params, strict_cpu);
    FIELD(ggml_threadpool_params, paused);

    STRUCT(ggml_type_traits);
    FIELD(ggml_type_traits, type_name);
    FIELD(ggml_type_traits, blck_size);
    FIELD(ggml_type_traits, blck_size_interleave);
    FIELD(ggml_type_traits, type_size);
    FIELD(ggml_type_traits, is_quantized);
    FIELD(ggml_type_traits, to_float);
    FIELD(ggml_type_traits, from_float_ref);

}

static void constants(void) {
/* CONSTANT(...) for every constant in bindings/jextract/includes.txt; the build writes it. */
#include "constants.inc"
}

int main(void) {
    structs();
    constants();
    return 0;
}
