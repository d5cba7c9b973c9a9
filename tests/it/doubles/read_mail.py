"""Prints a mail as JSON, as Python's parser of mails reads it: headers, text, attached files, and what is wrong with it."""

import email
import email.policy
import json
import sys

with open(sys.argv[1], "rb") as file:
    mail = email.message_from_bytes(file.read(), policy=email.policy.default)
body = mail.get_body(preferencelist=("plain",))
parts = list(mail.walk())
print(json.dumps({
    "headers": {name.lower(): str(value) for name, value in mail.items()},
    "text": body.get_content().replace("\r\n", "\n"),
    "encodings": [part["Content-Transfer-Encoding"] for part in parts if not part.is_multipart()],
    "files": {part.get_filename(): part.get_content().replace("\r\n", "\n") for part in mail.iter_attachments()},
    "defects": [repr(defect) for part in parts for defect in part.defects]
    + [repr(defect) for value in mail.values() for defect in value.defects],
}))
