/* In the library ggml: tells Java that the CPU libraries beside it multiply by few_rows.c. */
#if defined(_WIN32)
__declspec(dllexport)
#else
__attribute__((visibility("default")))
#endif
const char ggml4j_few_rows = 1;
