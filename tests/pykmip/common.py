"""What the scripts here share: a client of PyKMIP's, and objects of its in a form that can be compared."""

import enum

from kmip.core import enums
from kmip.pie import client

V1_0, V1_2, V1_4, V2_0 = (enums.KMIPVersion["KMIP_" + v] for v in ("1_0", "1_2", "1_4", "2_0"))


def connect(host, port, folder, name="client", version=V1_2, **more):
    """A client that is not open yet, with the certificate FOLDER/NAME.crt."""
    return client.ProxyKmipClient(
        hostname=host, port=int(port), ca=f"{folder}/ca.crt", cert=f"{folder}/{name}.crt", key=f"{folder}/{name}.key",
        config="none", config_file="/dev/null", kmip_version=version, **more,
    )


def plain(value):
    """A value as JSON can have it."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in sorted(value.items()) if inner is not None}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def describe_object(found):
    """Everything that an object of PyKMIP's client says of its contents."""
    fields = (
        "value", "object_type", "cryptographic_algorithm", "cryptographic_length", "key_format_type",
        "key_wrapping_data", "certificate_type", "data_type", "opaque_type", "split_key_parts",
        "key_part_identifier", "split_key_threshold", "split_key_method", "prime_field_size",
    )
    said = {field: getattr(found, field) for field in fields if hasattr(found, field)}
    return plain({"class": type(found).__name__, **said})


def describe_value(value):
    """The value of an attribute."""
    name = type(value).__name__
    if name == "Name":
        return [value.name_value.value, plain(value.name_type.value)]
    if name == "ApplicationSpecificInformation":
        return [value.application_namespace, value.application_data]
    return plain(value.value)


def describe_attributes(attributes):
    """Attributes by their names, each with its values in the order of their indices."""
    said = {}
    for attribute in attributes:
        index = attribute.attribute_index.value if attribute.attribute_index else 0
        said.setdefault(attribute.attribute_name.value, []).append((index or 0, describe_value(attribute.attribute_value)))
    return {name: [value for _, value in sorted(values, key=lambda v: v[0])] for name, values in sorted(said.items())}
