# SPDX-License-Identifier: Apache-2.0
"""The rules that every answer must keep, whatever the request was."""

import json
import re
from email.utils import parsedate_to_datetime
from pathlib import Path

import yaml

REASONS = yaml.safe_load((Path(__file__).resolve().parents[2] / "api/reasons.yaml").read_text())
CODES_BY_STATUS = {}
for reason in REASONS:
    CODES_BY_STATUS.setdefault(reason["status"], set()).add(reason.get("code", reason["name"]))
# A proxy's sub-request is answered with 401 or 403 only.
CODES_BY_STATUS[401] |= {"credential_conflict", "unavailable"}
# For an OAuth client, a grant that is not valid is 400 (RFC 6749 §5.2).
CODES_BY_STATUS[400] |= {reason["name"] for reason in REASONS if reason.get("oauth") == "invalid_grant"}


def breaches(answer, head_only=False):
    """Gives one sentence for each rule that an answer breaks."""
    return [f"{answer.request}: {answer.status}: {text}" for text in _breaches(answer, head_only)]


def _breaches(answer, head_only):
    dates = answer.all("Date")
    if len(dates) != 1:
        yield "one Date is needed"
    elif not re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", dates[0]):
        yield f"Date is not an IMF-fixdate: {dates[0]!r}"
    if any(ord(sign) < 32 or ord(sign) > 126 for _, value in answer.headers for sign in value):
        yield "a header holds a byte that is not plain ASCII"
    if answer.all("Transfer-Encoding"):
        yield "Transfer-Encoding must not be sent"
    if answer.status == 204 and (answer.body or answer.all("Content-Length")):
        yield "204 has no body and no length (RFC 9110 8.6)"
    if "/api/v1" in answer.request and "no-store" not in ",".join(answer.all("Cache-Control")):
        yield "below /api/v1 nothing may be stored"
    if answer.status == 500:
        yield "500 is always a mistake of the server"
    yield from _cookie_breaches(answer)
    if answer.status >= 400:
        yield from _problem_breaches(answer, head_only)


def _cookie_breaches(answer):
    names = [text.partition("=")[0] for text in answer.all("Set-Cookie")]
    if len(names) != len(set(names)):
        yield f"a cookie is set twice: {names}"
    for cookie in answer.cookies.values():
        attributes = cookie.attributes
        if attributes.get("path") != "/" or "domain" in attributes or "max-age" in attributes:
            yield f"{cookie.name} needs Path=/ and neither Domain nor Max-Age: {attributes}"
        if "httponly" not in attributes or attributes.get("samesite") != "Lax" or "expires" not in attributes:
            yield f"{cookie.name} needs HttpOnly, SameSite=Lax and Expires: {attributes}"
        if cookie.name.startswith("__Host-") != ("secure" in attributes):
            yield f"{cookie.name}: the prefix and Secure go together"
        try:
            parsedate_to_datetime(attributes.get("expires", ""))
        except (TypeError, ValueError):
            yield f"{cookie.name}: Expires is not a date"
        if len(cookie.name) + len(cookie.value) > 4096:
            yield f"{cookie.name} is too long for browsers"


def _envelope_breaches(answer):
    told = json.loads(answer.body)
    if (
        set(told) != {"success", "data", "detail"}
        or told["success"] is not False
        or told["data"] is not None
        or set(told["detail"]) != {"message", "error"}
    ):
        yield f"not the envelope of a refusal: {told}"
    elif (
        told["detail"]["error"] not in CODES_BY_STATUS.get(answer.status, ()) or not told["detail"]["message"]
    ):
        yield f"code and status disagree: {answer.status}, {told}"
    if answer.status == 401:
        yield from _challenge_breaches(answer)


def _problem_breaches(answer, head_only):
    if (
        answer.request.split("?")[0].endswith(("/authentication/envelope", "/login.php"))
        and answer.header("Content-Type") == "application/json"
    ):
        yield from _envelope_breaches(answer)
        return
    if answer.header("Content-Type") == "text/html; charset=utf-8" and " /oauth2/" in answer.request:
        policy = answer.header("Content-Security-Policy") or ""
        if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
            yield f"a page needs its policy: {policy!r}"
        return
    is_for_oauth = " /oauth2/" in answer.request and answer.header("Content-Type") == "application/json"
    if is_for_oauth and not head_only and "error" not in json.loads(answer.body):
        yield "an OAuth client needs an error"
    if answer.header("Content-Type") != "application/problem+json" and not is_for_oauth:
        yield f"an error is a problem document, not {answer.header('Content-Type')}"
        return
    if answer.status == 401:
        yield from _challenge_breaches(answer)
    if answer.status == 405 and not answer.header("Allow"):
        yield "405 needs Allow"
    if head_only:
        return
    problem = json.loads(answer.body)
    code = problem.get("code")
    if code not in CODES_BY_STATUS.get(answer.status, ()):
        yield f"code {code!r} does not belong to this status"
    if problem.get("type") != f"urn:coatcheck:problem:{code}" or problem.get("status") != answer.status:
        yield f"type, status and code disagree: {problem}"
    if not problem.get("title"):
        yield "a problem has a title"
    # OAuth clients look for `error`, and only their routes send it.
    oauth = {"error", "error_description"} if " /oauth2/" in answer.request else set()
    if not set(problem) <= {"type", "title", "status", "code", "detail", "member", "retry_after"} | oauth:
        yield f"a problem with members that are not agreed: {sorted(problem)}"
    waits = answer.all("Retry-After")
    if answer.status == 429 or code == "busy":
        if len(waits) != 1 or not re.fullmatch("[1-9][0-9]*", waits[0]):
            yield f"Retry-After is needed in whole seconds: {waits}"
    if waits and "retry_after" in problem and str(problem["retry_after"]) != waits[0]:
        yield f"Retry-After {waits[0]} and retry_after {problem['retry_after']} disagree"
    if answer.status == 401 and not head_only:
        shown = re.search(r'\bcode="([a-z_]+)"', answer.header("WWW-Authenticate") or "")
        if not shown or shown.group(1) != code:
            yield f"WWW-Authenticate does not repeat the code {code}: {answer.header('WWW-Authenticate')!r}"


def _challenge_breaches(answer):
    challenge = answer.header("WWW-Authenticate") or ""
    if not re.fullmatch(r'(Bearer|Basic) realm="coatcheck"(, [a-z_]+="[ -!#-\[\]-~]*")*', challenge):
        yield f"401 needs a challenge of our realm: {challenge!r}"
    if challenge.startswith("Basic") and not answer.request.startswith("POST /oauth2/"):
        yield f"only OAuth clients may come by Basic: {challenge!r}"
    names = re.findall(r'([a-z_]+)="', challenge)
    if len(names) != len(set(names)):
        yield f"a parameter comes twice in {challenge!r}"
    if 'code="token_missing"' in challenge and "error" in names:
        yield "no error where nothing was sent (RFC 6750 3.1)"
    if re.search(r'code="token_(?!missing)', challenge) and 'error="invalid_token"' not in challenge:
        yield f"invalid_token is missing in {challenge!r}"
