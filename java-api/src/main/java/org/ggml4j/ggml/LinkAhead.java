package org.ggml4j.ggml;

import java.lang.invoke.MethodHandle;
import java.util.Objects;
import org.ggml4j.bindings.ggml.Ggml;

/**
 * Links the native functions that generating text needs. Java generates code for each shape of a
 * function when it is first used, some milliseconds each, a quarter of a second in all; in a thread
 * of its own that happens while others read the command line and the model.
 *
 * <p>It changes nothing but when that is done: a function that is missing here is linked on first
 * use.
 */
final class LinkAhead {
  private LinkAhead() {}

  /** In the order of their use; the functions of one shape are linked by the first of them. */
  static void run() {
    Native.library();
    link(Ggml.ggml_backend_dev_buffer_type$handle());
    link(Ggml.ggml_backend_buft_name$handle());
    link(Ggml.ggml_backend_buft_is_host$handle());
    link(Ggml.ggml_backend_dev_count$handle());
    link(Ggml.ggml_backend_dev_get$handle());
    link(Ggml.ggml_backend_dev_get_props$handle());
    link(Ggml.ggml_backend_dev_backend_reg$handle());
    link(Ggml.ggml_backend_reg_get_proc_address$handle());
    link(Ggml.ggml_tensor_overhead$handle());
    link(Ggml.ggml_init$handle());
    link(Ggml.ggml_new_tensor_4d$handle());
    link(Ggml.ggml_mul_mat$handle());
    link(Ggml.ggml_backend_buft_alloc_buffer$handle());
    link(Ggml.ggml_backend_dev_supports_op$handle());
    link(Ggml.ggml_backend_buffer_free$handle());
    link(Ggml.ggml_free$handle());
    link(Ggml.ggml_view_4d$handle());
    link(Ggml.ggml_backend_dev_buffer_from_host_ptr$handle());
    link(Ggml.ggml_backend_buffer_set_usage$handle());
    link(Ggml.ggml_backend_tensor_alloc$handle());
    link(Ggml.ggml_backend_alloc_ctx_tensors_from_buft_size$handle());
    link(Ggml.ggml_backend_alloc_ctx_tensors_from_buft$handle());
    link(Ggml.ggml_backend_buffer_get_size$handle());
    link(Ggml.ggml_backend_tensor_memset$handle());
    link(Ggml.ggml_backend_dev_init$handle());
    link(Ggml.ggml_threadpool_params_init$handle());
    link(Ggml.ggml_graph_overhead_custom$handle());
    link(Ggml.ggml_new_graph_custom$handle());
    link(Ggml.ggml_backend_sched_new$handle());
    link(Ggml.ggml_reset$handle());
    link(Ggml.ggml_used_mem$handle());
    link(Ggml.ggml_set_input$handle());
    link(Ggml.ggml_get_rows$handle());
    link(Ggml.ggml_rms_norm$handle());
    link(Ggml.ggml_mul$handle());
    link(Ggml.ggml_reshape_4d$handle());
    link(Ggml.ggml_rope_ext$handle());
    link(Ggml.ggml_build_forward_expand$handle());
    link(Ggml.ggml_set_rows$handle());
    link(Ggml.ggml_nbytes$handle());
    link(Ggml.ggml_permute$handle());
    link(Ggml.ggml_flash_attn_ext$handle());
    link(Ggml.ggml_prec_set_acc$handle());
    link(Ggml.ggml_add$handle());
    link(Ggml.ggml_swiglu_split$handle());
    link(Ggml.ggml_set_output$handle());
    link(Ggml.ggml_graph_n_nodes$handle());
    link(Ggml.ggml_graph_node$handle());
    link(Ggml.ggml_backend_sched_reset$handle());
    link(Ggml.ggml_backend_sched_reserve$handle());
    link(Ggml.ggml_backend_sched_get_buffer_size$handle());
    link(Ggml.ggml_backend_sched_alloc_graph$handle());
    link(Ggml.ggml_backend_tensor_set$handle());
    link(Ggml.ggml_backend_sched_graph_compute$handle());
    link(Ggml.ggml_backend_tensor_get$handle());
  }

  private static void link(MethodHandle handle) {
    Objects.requireNonNull(handle);
  }
}
