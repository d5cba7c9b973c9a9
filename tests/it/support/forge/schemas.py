"""Checks requests to a forge, and its answers, against the published description of its API.

Arguments: the folder with the descriptions, `github` or `forgejo`, and a file with a list of exchanges: method, target, headers, body,
status, answer. Each exchange must be in the description: its path and method, its query, its body, its status and its answer. Prints what
does not fit, and how many were checked.
"""

import json
import re
import sys
from urllib.parse import unquote

from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

# The name that the description has for the checker.
NAME = "urn:api"


def as_json_schema(value):
    """OpenAPI as JSON Schema: a reference has the name of the description, and `nullable` becomes a type of its own."""
    if isinstance(value, list):
        return [as_json_schema(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    value = {key: as_json_schema(entry) for key, entry in value.items() if key != "example"}
    if isinstance(value.get("$ref"), str):
        return {"$ref": NAME + value["$ref"]}
    if value.pop("nullable", False) is True:
        return {"anyOf": [{"type": "null"}, value]}
    return value


def without_nulls(value):
    """Forgejo writes null for what it does not have; its description does not say where."""
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    if isinstance(value, dict):
        return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
    return value


def strict(value):
    """Forgejo's description requires nothing, so that a misspelled field would fit: here, an object has the described fields only."""
    if isinstance(value, list):
        return [strict(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    value = {key: strict(entry) for key, entry in value.items()}
    if value.get("type") == "object" and isinstance(value.get("properties"), dict):
        value.setdefault("additionalProperties", False)
    return value


class Description:
    def __init__(self, document):
        self.document = document
        self.registry = Registry().with_resource(NAME, Resource(contents=document, specification=DRAFT7))
        self.paths = []
        for path, methods in document["paths"].items():
            parts = re.split(r"(\{[^}]*\})", path)
            pattern = "".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in parts)
            self.paths.append((re.compile(pattern + "$"), path.count("{"), path, methods))
        # A fixed part goes before a variable one.
        self.paths.sort(key=lambda entry: entry[1])

    def resolve(self, value):
        while "$ref" in value:
            value = self.registry.resolver().lookup(value["$ref"]).contents
        return value

    def find(self, path, method):
        for pattern, _, name, methods in self.paths:
            if pattern.match(path) and method.lower() in methods:
                return name, methods[method.lower()], methods.get("parameters", [])
        return None

    def faults(self, schema, value):
        checker = Draft7Validator(schema, registry=self.registry, format_checker=FormatChecker())
        for error in checker.iter_errors(value):
            deepest = error
            while deepest.context:
                deepest = max(deepest.context, key=lambda other: len(other.absolute_path))
            yield f"{'/'.join(map(str, deepest.absolute_path))}: {deepest.message[:200]}"


def check(description, exchange, is_swagger):
    method, target = exchange["method"], exchange["target"]
    path, _, query = target.partition("?")
    # The double takes files on its own host.
    path = re.sub(r"^/uploads/releases/", "/repos/x/y/releases/", path)
    found = description.find(path, method)
    if not found:
        return ["the API has no such path and method"]
    name, operation, shared = found
    parameters = [description.resolve(parameter) for parameter in operation.get("parameters", []) + shared]
    faults = []
    known = {parameter["name"]: parameter for parameter in parameters if parameter["in"] == "query"}
    for pair in filter(None, query.split("&")):
        key, _, value = pair.partition("=")
        # GitHub takes a page anywhere; only lists have it in the description.
        if key not in known:
            faults.append(f"the query has no `{key}`")
        elif (known[key].get("schema") or known[key]).get("type") == "integer" and not value.isdigit():
            faults.append(f"`{key}` is not a number: {unquote(value)}")
    kind = exchange["headers"].get("content-type", "").split(";")[0]
    if is_swagger:
        bodies = [parameter for parameter in parameters if parameter["in"] == "body"]
        takes = operation.get("consumes", ["application/json"])
        schema = bodies[0]["schema"] if bodies else None
    else:
        content = description.resolve(operation.get("requestBody", {})).get("content", {})
        takes, schema = list(content), content.get(kind, {}).get("schema")
    if exchange["body"] and kind not in takes:
        faults.append(f"it takes {takes}, and not `{kind}`")
    elif exchange["body"] and kind == "application/json" and schema:
        faults += [f"body: {fault}" for fault in description.faults(schema, json.loads(exchange["body"]))]
        sent = json.loads(exchange["body"])
        properties = description.resolve(schema).get("properties")
        faults += [f"body: the API has no `{key}`" for key in sent if properties and key not in properties]
    answers = operation["responses"]
    if str(exchange["status"]) not in answers:
        # Descriptions do not list all refusals.
        return faults + ([] if exchange["status"] in (401, 403, 304) else [f"the status {exchange['status']} is not described"])
    answer = description.resolve(answers[str(exchange["status"])])
    schema = answer.get("schema") if is_swagger else answer.get("content", {}).get("application/json", {}).get("schema")
    if schema:
        value = json.loads(exchange["answer"])
        faults += [f"answer: {fault}" for fault in description.faults(schema, without_nulls(value) if is_swagger else value)]
    elif exchange["answer"]:
        faults.append("answer: it has a body, and none is described")
    return faults


def main():
    place, kind, file = sys.argv[1:]
    is_swagger = kind == "forgejo"
    name = "swagger.v1.json" if is_swagger else "package/generated/api.github.com.json"
    with open(f"{place}/{name}", encoding="utf-8") as source:
        document = json.load(source)
    document = as_json_schema(document)
    description = Description(strict(document) if is_swagger else document)
    with open(file, encoding="utf-8") as source:
        exchanges = json.load(source)
    failed = False
    for exchange in exchanges:
        for fault in check(description, exchange, is_swagger):
            failed = True
            print(f"{exchange['status']} {exchange['method']} {exchange['target']}: {fault}")
    print(f"{len(exchanges)} requests and answers checked")
    sys.exit(1 if failed else 0)


main()
