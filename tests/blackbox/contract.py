# SPDX-License-Identifier: Apache-2.0
"""Checks real answers against the OpenAPI document."""

import re
import warnings

import yaml
from jsonschema import Draft202012Validator
from server import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from jsonschema import RefResolver

DOCUMENT = yaml.safe_load((ROOT / "api/openapi.yaml").read_text())
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
CODES = set(DOCUMENT["components"]["schemas"]["ProblemCode"]["enum"])


def resolve(node):
    while "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operations():
    """All operations, as (template, method, operation)."""
    return [
        (template, method, operation)
        for template, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def template_of(target):
    path = target.split("?")[0]
    if path in DOCUMENT["paths"]:
        return path
    for template in DOCUMENT["paths"]:
        if "{" in template and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return template
    return None


def validate(value, schema):
    validator = Draft202012Validator(schema, resolver=RefResolver.from_schema(DOCUMENT))
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in validator.iter_errors(value)
    ]


def strange_members(value, schema, path=""):
    """Finds members that the document does not name, in objects that do not allow additional members."""
    schema = resolve(schema)
    if isinstance(value, list) and "items" in schema:
        for element in value:
            yield from strange_members(element, schema["items"], path + "[]")
    if isinstance(value, dict) and "properties" in schema and schema.get("additionalProperties") is not True:
        for name, content in value.items():
            if name in schema["properties"]:
                yield from strange_members(content, schema["properties"][name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is not in the document"


def breaches(method, target, answer):
    """Finds everything in an answer that contradicts the document."""
    template = template_of(target)
    if template is None or method.lower() not in DOCUMENT["paths"][template]:
        yield f"{method} {target} is not in the document and was answered {answer.status}"
        return
    responses = DOCUMENT["paths"][template][method.lower()]["responses"]
    listed = str(answer.status) in responses
    response = resolve(responses[str(answer.status)] if listed else responses["default"])
    if answer.status < 400 and not listed:
        yield f"{answer.status} is not in the document"
    for name, header in response.get("headers", {}).items():
        header = resolve(header)
        values = answer.all(name)
        if header.get("required") and not values:
            yield f"the header {name} is missing"
        for value in values:
            for error in validate(value, header["schema"]):
                yield f"the header {name}: {error}"
    if "content" not in response:
        if answer.body:
            yield "a body where the document has none"
        return
    if answer.status == 304:
        return
    kind = (answer.header("Content-Type") or "").split(";")[0]
    if kind not in response["content"]:
        yield f"the type is {kind!r}, not one of {sorted(response['content'])}"
        return
    schema = response["content"][kind]["schema"]
    if not kind.endswith("json"):
        return
    for error in validate(answer.json(), schema):
        yield error
    yield from strange_members(answer.json(), schema)
    if answer.status >= 400:
        codes = set(response.get("x-problem-codes", ())) | set(
            resolve(responses["default"]).get("x-problem-codes", ())
        )
        code = answer.code or answer.json()["detail"]["error"]  # a problem, or the envelope
        if code not in codes:
            yield f"the code {code} is not among those of {answer.status} here: {sorted(codes)}"
