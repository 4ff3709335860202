/*
 * The native half of preload.js: three USDT probes (provider ca_node) and the functions that fire them.
 * In: what JavaScript knows of a request or a collection. Out: nothing, until somebody watches: then a trap, with pointers
 * to texts and with numbers. A probe that nobody watches costs one call and one comparison.
 *
 * Declarations of Node-API are written out: its binary interface is stable, so one file serves all versions of Node.js
 * from 18 on, and neither Node's headers nor any library is needed to build it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);
int napi_set_named_property(napi_env, napi_value, const char *, napi_value);
int napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
int napi_get_value_string_utf8(napi_env, napi_value, char *, size_t, size_t *);
int napi_get_value_double(napi_env, napi_value, double *);
int napi_get_boolean(napi_env, bool, napi_value *);

/* How many watch each probe: the kernel counts here. */
#define SEMAPHORE(name) \
  __attribute__((section(".probes"), used, visibility("hidden"))) volatile uint16_t name##_semaphore = 0

/* A note as SystemTap's <sys/sdt.h> writes it; its arguments are where FIRE puts them. */
#define NOTE(name, arguments) \
  "990: nop\n" \
  ".pushsection .note.stapsdt,\"?\",\"note\"\n" \
  ".balign 4\n" \
  ".4byte 992f-991f, 994f-993f, 3\n" \
  "991: .asciz \"stapsdt\"\n" \
  "992: .balign 4\n" \
  "993: .8byte 990b\n" \
  ".8byte _.stapsdt.base\n" \
  ".8byte " #name "_semaphore\n" \
  ".asciz \"ca_node\"\n" \
  ".asciz \"" #name "\"\n" \
  ".asciz \"" arguments "\"\n" \
  "994: .balign 4\n" \
  ".popsection\n" \
  ".ifndef _.stapsdt.base\n" \
  ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
  ".weak _.stapsdt.base\n" \
  ".hidden _.stapsdt.base\n" \
  "_.stapsdt.base: .space 1\n" \
  ".size _.stapsdt.base, 1\n" \
  ".popsection\n" \
  ".endif\n"

#if defined(__x86_64__)
#define PLACES "8@%%rdi 8@%%rsi 8@%%rdx 8@%%rcx 8@%%r8 8@%%r9 8@%%rax 8@%%r10 8@%%r11"
#define IN(i) __asm__(REGISTER_##i)
#define REGISTER_0 "rdi"
#define REGISTER_1 "rsi"
#define REGISTER_2 "rdx"
#define REGISTER_3 "rcx"
#define REGISTER_4 "r8"
#define REGISTER_5 "r9"
#define REGISTER_6 "rax"
#define REGISTER_7 "r10"
#define REGISTER_8 "r11"
#elif defined(__aarch64__)
#define PLACES "8@x0 8@x1 8@x2 8@x3 8@x4 8@x5 8@x6 8@x7 8@x8"
#define IN(i) __asm__(REGISTER_##i)
#define REGISTER_0 "x0"
#define REGISTER_1 "x1"
#define REGISTER_2 "x2"
#define REGISTER_3 "x3"
#define REGISTER_4 "x4"
#define REGISTER_5 "x5"
#define REGISTER_6 "x6"
#define REGISTER_7 "x7"
#define REGISTER_8 "x8"
#else
#error "only for x86-64 and arm64"
#endif

#define ARGUMENTS 9
#define TEXT_BYTES 256

/* All arguments of all probes lie in the same registers; a probe ignores those it has no use for. */
#define FIRE(name, values) \
  do { \
    register int64_t a0 IN(0) = (values)[0]; \
    register int64_t a1 IN(1) = (values)[1]; \
    register int64_t a2 IN(2) = (values)[2]; \
    register int64_t a3 IN(3) = (values)[3]; \
    register int64_t a4 IN(4) = (values)[4]; \
    register int64_t a5 IN(5) = (values)[5]; \
    register int64_t a6 IN(6) = (values)[6]; \
    register int64_t a7 IN(7) = (values)[7]; \
    register int64_t a8 IN(8) = (values)[8]; \
    __asm__ volatile(NOTE(name, PLACES) ::"r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7), "r"(a8) : "memory"); \
  } while (0)

SEMAPHORE(httpd);
SEMAPHORE(httpc);
SEMAPHORE(gc);

/* A text's address, or a number rounded down; 0 for what is missing. Texts are cut to their room. */
static size_t gather(napi_env env, napi_callback_info info, int64_t *values, char (*texts)[TEXT_BYTES]) {
  napi_value given[ARGUMENTS];
  size_t count = ARGUMENTS;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != 0) return 0;
  for (size_t i = 0; i < ARGUMENTS; i++) {
    double number = 0;
    values[i] = 0;
    if (i >= count) continue;
    if (napi_get_value_string_utf8(env, given[i], texts[i], TEXT_BYTES, NULL) == 0) {
      values[i] = (int64_t)(intptr_t)texts[i];
    } else if (napi_get_value_double(env, given[i], &number) == 0 && number >= 0 && number < 9e18) {
      values[i] = (int64_t)number;
    }
  }
  return count;
}

#define PROBE(name) \
  static napi_value fire_##name(napi_env env, napi_callback_info info) { \
    if (__builtin_expect(name##_semaphore == 0, 1)) return NULL; \
    int64_t values[ARGUMENTS]; \
    char texts[ARGUMENTS][TEXT_BYTES]; \
    if (gather(env, info, values, texts) > 0) FIRE(name, values); \
    return NULL; \
  }

/* Whether anybody watches requests: what is handed over need not be found out when nobody does. */
static napi_value watched(napi_env env, napi_callback_info info) {
  napi_value answer;
  (void)info;
  return napi_get_boolean(env, httpd_semaphore != 0 || httpc_semaphore != 0, &answer) == 0 ? answer : NULL;
}

PROBE(httpd)
PROBE(httpc)
PROBE(gc)

static void add(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, (size_t)-1, callback, NULL, &function) != 0) return;
  napi_set_named_property(env, exports, name, function);
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  add(env, exports, "httpd", fire_httpd);
  add(env, exports, "httpc", fire_httpc);
  add(env, exports, "gc", fire_gc);
  add(env, exports, "watched", watched);
  return exports;
}

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) { return 8; }
