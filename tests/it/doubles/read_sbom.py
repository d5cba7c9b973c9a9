"""Reads a bill of materials with the libraries of others, which check it, and prints what it says as JSON.

    read_sbom.py spdx FILE
    read_sbom.py cyclonedx FILE
"""

import json
import sys


def read_spdx(path):
    from spdx_tools.spdx.model import RelationshipType
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    document = parse_file(path)
    faults = validate_full_spdx_document(document, "SPDX-2.3")
    if faults:
        sys.exit("\n".join(fault.validation_message for fault in faults))

    def sums(checksums):
        return {checksum.algorithm.name: checksum.value for checksum in checksums}

    contained = {}
    for relationship in document.relationships:
        if relationship.relationship_type == RelationshipType.CONTAINS:
            contained.setdefault(relationship.spdx_element_id, set()).add(relationship.related_spdx_element_id)
    files = {file.spdx_id: file for file in document.files}
    packages = {package.spdx_id: package for package in document.packages}
    crates = [packages[name] for name in contained.get("SPDXRef-Package-vendor", [])]
    return {
        "identity": document.creation_info.document_namespace,
        "date": document.creation_info.created.isoformat(),
        "files": {
            file.name.removeprefix("./"): sums(file.checksums) | ({"made": file.comment} if file.comment else {})
            for name, file in files.items()
            if name in contained.get("SPDXRef-Package-tar", [])
        },
        "crates": {
            package.name: [
                package.version,
                None if str(package.license_declared) == "NOASSERTION" else str(package.license_declared),
                package.external_references[0].locator,
            ]
            for package in crates
        },
        "artifacts": {
            package.file_name: sums(package.checksums)["SHA256"] for package in document.packages if package.file_name
        },
    }


def read_cyclonedx(path):
    from cyclonedx.model.bom import Bom
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = open(path, encoding="utf-8").read()
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault:
        sys.exit(str(fault))
    bom = Bom.from_json(json.loads(text))

    def sums(component):
        return {hash.alg.value.replace("-", ""): hash.content for hash in component.hashes}

    def licence(component):
        for found in component.licenses:
            return getattr(found, "value", None) or found.name

    files, crates, artifacts = {}, {}, {}
    for component in bom.components:
        made = {"made": found.value for found in component.properties if found.name == "releng:made"}
        if component.type.value == "library":
            crates[component.name] = [component.version, licence(component), str(component.purl)]
        elif component.version:
            artifacts[component.name] = sums(component)["SHA256"]
        else:
            files[component.name] = sums(component) | made
    return {
        "identity": bom.serial_number.urn,
        "date": bom.metadata.timestamp.isoformat(),
        "files": files,
        "crates": crates,
        "artifacts": artifacts,
    }


form, path = sys.argv[1:]
print(json.dumps({"spdx": read_spdx, "cyclonedx": read_cyclonedx}[form](path), sort_keys=True))
