"""Reads statements with the library of in-toto, which checks them, and prints what they say as JSON, one a line.

    read_statement.py FILE…
"""

import json
import sys

from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        read = json_format.Parse(file.read(), statement_pb2.Statement())
    statement = Statement.copy_from_pb(read)
    statement.validate()
    found = {
        "type": statement.pb.predicate_type,
        "subjects": {subject.name: subject.digest["sha256"] for subject in statement.pb.subject},
    }
    predicate = json_format.MessageToDict(statement.pb.predicate)
    if statement.pb.predicate_type == "https://slsa.dev/provenance/v1":
        # An unknown field is an error.
        provenance = json_format.ParseDict(predicate, provenance_pb2.Provenance())
        definition, run = provenance.build_definition, provenance.run_details
        found["parameters"] = json_format.MessageToDict(definition.external_parameters)
        found["materials"] = {material.name: dict(material.digest) for material in definition.resolved_dependencies}
        found["builder"] = [run.builder.id, *run.builder.version]
        found["times"] = [
            time.ToJsonString() for time in (run.metadata.started_on, run.metadata.finished_on) if time.seconds
        ]
    else:
        found["predicate"] = predicate
    print(json.dumps(found, sort_keys=True))
