/* SPDX-License-Identifier: Apache-2.0
 *
 * The C interface of coatcheck/verifier.hpp: tokens are checked in process, and a sign-out counts within a
 * second. Nothing throws across it. Structures grow at their end alone: `size` says which form a caller was
 * compiled with. Any thread may call anything. Strings go in as UTF-8 ended by NUL and are copied; they come
 * out as data with a length, and live as long as what they came from.
 */
#ifndef COATCHECK_H
#define COATCHECK_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define COATCHECK_C_API __attribute__((visibility("default")))
#else
#define COATCHECK_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows by one when a function or a member is added; the soname changes when one is taken away. */
#define COATCHECK_ABI_VERSION 2
COATCHECK_C_API int coatcheck_abi_version(void);

typedef enum coatcheck_reason {
    COATCHECK_OK = 0,
    COATCHECK_TOKEN_MISSING = 1,
    COATCHECK_TOKEN_MALFORMED = 2,
    COATCHECK_TOKEN_NOT_OURS = 3,
    COATCHECK_TOKEN_NOT_YET_VALID = 4,
    COATCHECK_TOKEN_EXPIRED = 5,
    COATCHECK_TOKEN_REVOKED = 6,
    COATCHECK_TOKEN_STALE = 7,
    COATCHECK_CREDENTIAL_CONFLICT = 8,
    COATCHECK_CSRF_REFUSED = 9,
    COATCHECK_UNAVAILABLE = 10,
    COATCHECK_BAD_ARGUMENT = 11, /* a caller's mistake: a null pointer */
    COATCHECK_NO_MEMORY = 12
} coatcheck_reason;

/* "token_expired"; "ok" for COATCHECK_OK. */
COATCHECK_C_API const char* coatcheck_reason_code(coatcheck_reason reason);
/* The HTTP status to answer with: 200, 400, 401, 403, 500 or 503. */
COATCHECK_C_API int coatcheck_reason_status(coatcheck_reason reason);

typedef struct coatcheck_text {
    const char* data; /* not ended by NUL */
    size_t length;
} coatcheck_text;

typedef struct coatcheck_options {
    size_t size;             /* sizeof(coatcheck_options) */
    const char* url;         /* where Coatcheck answers */
    const char* service_key; /* made by `coatcheck service-key add NAME --scope feed` */
    const char* issuer;      /* NULL: the url */
    const char* audience;    /* NULL: the issuer */
    const char* ca_file;     /* NULL: the system's */
    int accept_when_cut;     /* 0: refuse every token while revocations are cut off */
    unsigned cut_after_ms;   /* 0: 5000 */
    int ignore_revocations;  /* 1: sign-outs are not to be honoured before a token expires */
    size_t cached_tokens;    /* for each core; 0: 16384 */
    /* Since version 2. */
    const char* const*
        encryption_keys;    /* of encrypted tokens, each "base64:" and 32 bytes; ended by NULL; may be NULL */
    int accept_unencrypted; /* 1: takes others besides, where there are keys */
} coatcheck_options;

typedef struct coatcheck_verifier coatcheck_verifier;
typedef struct coatcheck_user coatcheck_user;

/* NULL: `error`, where it is given, says why, ended by NUL. */
COATCHECK_C_API coatcheck_verifier* coatcheck_verifier_new(const coatcheck_options* options, char* error,
                                                           size_t error_size);
COATCHECK_C_API void coatcheck_verifier_free(coatcheck_verifier* verifier);
/* 1: keys and revocations are known. 0: they are not yet after so many milliseconds. */
COATCHECK_C_API int coatcheck_verifier_wait(coatcheck_verifier* verifier, unsigned milliseconds);

/* COATCHECK_OK, and the user in *user, to be freed; or the reason why not, and *user is NULL. `user` may be
 * NULL. */
COATCHECK_C_API coatcheck_reason coatcheck_check(coatcheck_verifier* verifier, const char* token,
                                                 size_t length, coatcheck_user** user);

/* The token of a request, with the CSRF rule: all fields, as they came. */
typedef struct coatcheck_field {
    coatcheck_text name;
    coatcheck_text value;
} coatcheck_field;
typedef struct coatcheck_credential_options {
    size_t size; /* sizeof(coatcheck_credential_options) */
    const char* const*
        origins;        /* whose pages may send unsafe requests with the cookie; ended by NULL; may be NULL */
    const char* origin; /* that this API is reached by; may be NULL */
    int dev;            /* 1: the server runs with --dev */
    int x_token;        /* 1: takes X-TOKEN with X-USER as well */
    int bare_authorization; /* since version 2; 1: takes Authorization without Bearer as well */
} coatcheck_credential_options;
COATCHECK_C_API coatcheck_reason coatcheck_authenticate(coatcheck_verifier* verifier, const char* method,
                                                        const coatcheck_field* fields, size_t count,
                                                        const coatcheck_credential_options* options,
                                                        coatcheck_user** user);

COATCHECK_C_API void coatcheck_user_free(coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_id(const coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_username(const coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_session(const coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_scope(const coatcheck_user* user);
COATCHECK_C_API size_t coatcheck_user_role_count(const coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_role(const coatcheck_user* user,
                                                   size_t index);           /* empty beyond the last */
COATCHECK_C_API int64_t coatcheck_user_expires(const coatcheck_user* user); /* Unix seconds */
COATCHECK_C_API coatcheck_text
coatcheck_user_claims_json(const coatcheck_user* user); /* all of them, a JSON object */

/* Calls back once when the user's session ends: on the verifier's own thread, or before this returns where it
 * is over already. Gives a number for coatcheck_forget(); 0 if it was over. */
typedef void (*coatcheck_ended)(coatcheck_reason reason, void* context);
COATCHECK_C_API uint64_t coatcheck_on_end(coatcheck_verifier* verifier, const coatcheck_user* user,
                                          coatcheck_ended callback, void* context);
/* Once it returns the callback is not running and will not (unless it is the callback that asks). */
COATCHECK_C_API void coatcheck_forget(coatcheck_verifier* verifier, uint64_t number);

typedef enum coatcheck_feed {
    COATCHECK_FEED_NONE = 0,
    COATCHECK_FEED_NEVER = 1,
    COATCHECK_FEED_FOLLOWING = 2,
    COATCHECK_FEED_CUT = 3
} coatcheck_feed;
COATCHECK_C_API coatcheck_feed coatcheck_verifier_feed(const coatcheck_verifier* verifier);

#ifdef __cplusplus
}
#endif
#endif
