/* SPDX-License-Identifier: Apache-2.0
 *
 * The C interface of coatcheck/verifier.hpp. It checks tokens in process, and a sign-out counts within a
 * second. No exception leaves it. Structures grow only at their end, and `size` tells which version a caller
 * was compiled with. Any thread may call any function. Strings go in as UTF-8 ended by NUL, and the library
 * copies them. They come out as data with a length, and live as long as the object that they came from.
 * A mistake of the caller, such as a null pointer or a wrong size, gives COATCHECK_BAD_ARGUMENT. A process
 * that was forked off may go on with its parent's verifier: its first call makes a connection and a thread of
 * its own, and until they are ready, tokens are refused with COATCHECK_UNAVAILABLE.
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

/* Grows by one when a function or a member is added. The soname changes when one is removed. */
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
    COATCHECK_BAD_ARGUMENT = 11, /* the caller made a mistake, such as a null pointer */
    COATCHECK_NO_MEMORY = 12
} coatcheck_reason;

/* Such as "token_expired"; "ok" for COATCHECK_OK. */
COATCHECK_C_API const char* coatcheck_reason_code(coatcheck_reason reason);
/* The HTTP status to answer with: 200, 400, 401, 403, 500 or 503. */
COATCHECK_C_API int coatcheck_reason_status(coatcheck_reason reason);

typedef struct coatcheck_text {
    const char* data; /* not ended by NUL */
    size_t length;
} coatcheck_text;

typedef struct coatcheck_options {
    size_t size;             /* sizeof(coatcheck_options) */
    const char* url;         /* the server's URL */
    const char* service_key; /* a key made by `coatcheck service-key add NAME --scope feed` */
    const char* issuer;      /* NULL: the url */
    const char* audience;    /* NULL: the issuer */
    /* PEM of the authorities that may sign the server's certificate; NULL: the system's. */
    const char* ca_file;
    int accept_when_cut;    /* 1: accept tokens while the feed is cut off; 0: refuse them */
    unsigned cut_after_ms;  /* silence after which the feed counts as cut off; 0: 5000 */
    int ignore_revocations; /* 1: without a service key, a token counts until it expires */
    size_t cached_tokens;   /* proofs kept for each core; 0: 16384 */
    /* The members below exist since version 2. */
    /* Keys of encrypted tokens, each "base64:" and 32 bytes; ended by NULL; may be NULL. */
    const char* const* encryption_keys;
    int accept_unencrypted; /* 1: with keys, other tokens are accepted as well */
} coatcheck_options;

typedef struct coatcheck_verifier coatcheck_verifier;
typedef struct coatcheck_user coatcheck_user;

/* Gives NULL if the options are not valid, and writes the reason to `error`, ended by NUL, unless `error`
   is NULL. */
COATCHECK_C_API coatcheck_verifier* coatcheck_verifier_new(const coatcheck_options* options, char* error,
                                                           size_t error_size);
COATCHECK_C_API void coatcheck_verifier_free(coatcheck_verifier* verifier);
/* 1: keys and revocations are known. 0: they are still unknown after so many milliseconds. */
COATCHECK_C_API int coatcheck_verifier_wait(coatcheck_verifier* verifier, unsigned milliseconds);

/* Gives COATCHECK_OK and a user in `*user`, which the caller frees; or the reason for the refusal and NULL
   in `*user`. `user` itself may be NULL. */
COATCHECK_C_API coatcheck_reason coatcheck_check(coatcheck_verifier* verifier, const char* token,
                                                 size_t length, coatcheck_user** user);

/* Checks the token of a request, and applies the CSRF rule to a cookie. Pass all header fields as they
   came. */
typedef struct coatcheck_field {
    coatcheck_text name;
    coatcheck_text value;
} coatcheck_field;
typedef struct coatcheck_credential_options {
    size_t size; /* sizeof(coatcheck_credential_options) */
    /* Origins whose pages may send unsafe requests with the cookie; ended by NULL; may be NULL. */
    const char* const* origins;
    const char* origin;     /* the origin of this API; may be NULL */
    int dev;                /* 1: the server runs with --dev */
    int x_token;            /* 1: also accepts X-TOKEN with X-USER */
    int bare_authorization; /* since version 2; 1: also accepts Authorization without Bearer */
} coatcheck_credential_options;
COATCHECK_C_API coatcheck_reason coatcheck_authenticate(coatcheck_verifier* verifier, const char* method,
                                                        const coatcheck_field* fields, size_t count,
                                                        const coatcheck_credential_options* options,
                                                        coatcheck_user** user);

/* For NULL these give an empty text or 0. */
COATCHECK_C_API void coatcheck_user_free(coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_id(const coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_username(const coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_session(const coatcheck_user* user);
COATCHECK_C_API coatcheck_text coatcheck_user_scope(const coatcheck_user* user);
COATCHECK_C_API size_t coatcheck_user_role_count(const coatcheck_user* user);
/* Gives an empty text for an index past the last role. */
COATCHECK_C_API coatcheck_text coatcheck_user_role(const coatcheck_user* user, size_t index);
/* In Unix seconds. */
COATCHECK_C_API int64_t coatcheck_user_expires(const coatcheck_user* user);
/* All claims, as a JSON object. */
COATCHECK_C_API coatcheck_text coatcheck_user_claims_json(const coatcheck_user* user);

/* Calls back once when the user's session ends: on the verifier's own thread, or before this function
   returns if the session has already ended. Gives a number for coatcheck_forget(); 0 if the session had
   ended. */
typedef void (*coatcheck_ended)(coatcheck_reason reason, void* context);
COATCHECK_C_API uint64_t coatcheck_on_end(coatcheck_verifier* verifier, const coatcheck_user* user,
                                          coatcheck_ended callback, void* context);
/* When this returns, the callback is not running and will not run (except if the callback itself called
   it). */
COATCHECK_C_API void coatcheck_forget(coatcheck_verifier* verifier, uint64_t number);

/* NONE: there is no service key; NEVER: the feed has not been read yet; CUT: silent for longer than
   cut_after_ms. */
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
