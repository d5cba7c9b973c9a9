"""Prints repodata as lines that can be compared: without the indentation and the dates that differ from run to run."""
import gzip, pathlib, sys
import xml.etree.ElementTree as tree

folder = pathlib.Path(sys.argv[1])


def show(element, path):
    path = f"{path}/{element.tag.split('}')[-1]}"
    attributes = {name: value for name, value in element.attrib.items() if not (path.endswith("/time") and name == "file")}
    text = element.text or ""
    if len(element) and not text.strip():
        text = ""
    print(path, sorted(attributes.items()), repr(text))
    for child in element:
        show(child, path)


for record in tree.parse(folder / "repodata/repomd.xml").getroot():
    if not record.tag.endswith("data"):
        continue
    kind, location = record.get("type"), record.find("{*}location").get("href")
    root = tree.fromstring(gzip.decompress((folder / location).read_bytes()))
    packages = sorted(root, key=lambda package: package.get("pkgid") or package.find("{*}checksum").text)
    print(kind, root.tag, sorted(root.attrib.items()))
    for package in packages:
        show(package, kind)
