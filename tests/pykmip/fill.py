"""Fills a server with objects of every kind, each with what PyKMIP's server can keep of it.

Usage: fill.py HOST PORT FOLDER

The folder has ca.crt, and for each of two owners, client and other, a certificate and its key.
"""

import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import serialization
from kmip.core import enums, objects as core
from kmip.core.factories.attributes import AttributeFactory
from kmip.pie import objects
from kmip.pie.factory import ObjectFactory

from common import V1_2, V2_0, connect

A, M = enums.CryptographicAlgorithm, enums.CryptographicUsageMask


def register(client, found, *attributes):
    """Registers an object with attributes that the client's own method can't give it."""
    factory = AttributeFactory()
    wanted = [factory.create_attribute(enums.AttributeType[name], value, index) for name, value, index in attributes]
    template = core.TemplateAttribute(attributes=wanted)
    result = client.proxy.register(found.object_type, template, ObjectFactory().convert(found))
    assert result.result_status.value is enums.ResultStatus.SUCCESS, result.result_message
    return result.uuid


def certificate(folder):
    with open(f"{folder}/client.crt", "rb") as file:
        return x509.load_pem_x509_certificate(file.read()).public_bytes(serialization.Encoding.DER)


def fill_as_client(client, folder):
    # Keys that the server makes, in each state that a client can bring them to.
    client.create(A.AES, 256, name="pre-active")
    client.create(A.AES, 128, operation_policy_name="public", name="nobody may see it")
    active = client.create(A.AES, 128, operation_policy_name="default", name="active", cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT, M.MAC_GENERATE])
    client.activate(active)
    for name, reason in [
        ("deactivated", enums.RevocationReasonCode.CESSATION_OF_OPERATION),
        ("compromised", enums.RevocationReasonCode.KEY_COMPROMISE),
    ]:
        uid = client.create(A.TRIPLE_DES, 192, name=name)
        client.activate(uid)
        client.revoke(reason, uid, "because", int(time.time()))
    client.create(A.BLOWFISH, 128)
    client.create_key_pair(
        A.RSA, 2048, public_name="public", public_usage_mask=[M.VERIFY], private_name="private", private_usage_mask=[M.SIGN])

    # What is destroyed leaves rows behind in some tables.
    gone = register(client, objects.OpaqueObject(b"gone", enums.OpaqueDataType.NONE), ("OBJECT_GROUP", "of-the-gone", 0))
    client.destroy(gone)

    # Objects that the client makes.
    client.register(objects.X509Certificate(certificate(folder), masks=[M.VERIFY, M.ENCRYPT], name="certificate"))
    client.register(objects.SecretData(b"pass\0word", enums.SecretDataType.PASSWORD, masks=[M.VERIFY], name="secret", app_specific_info=[
        {"application_namespace": "ssl", "application_data": "www.example.com"}]))
    client.register(objects.SecretData(b"", enums.SecretDataType.SEED, name="no bytes"))
    client.register(objects.OpaqueObject(bytes(range(256)) * 8, enums.OpaqueDataType.NONE, name="opaque"))
    key = ec.generate_private_key(ec.SECP256R1())
    pkcs8 = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    x_509 = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    client.register(objects.PrivateKey(A.EC, 256, pkcs8, enums.KeyFormatType.PKCS_8, masks=[M.SIGN], name="ec private"))
    client.register(objects.PublicKey(A.EC, 256, x_509, enums.KeyFormatType.X_509, masks=[M.VERIFY], name="ec public"))
    register(
        client, objects.SymmetricKey(A.CAMELLIA, 128, bytes(range(16))),
        ("CRYPTOGRAPHIC_USAGE_MASK", [M.ENCRYPT], None), ("NAME", "first name", 0), ("NAME", "second name", 1))
    # The largest mask: every bit that PyKMIP knows.
    client.register(objects.SymmetricKey(A.AES, 192, bytes(range(24)), masks=list(M)))
    client.register(objects.SplitKey(
        cryptographic_algorithm=A.AES, cryptographic_length=256, key_value=bytes(range(32)), name="part",
        cryptographic_usage_masks=[M.EXPORT], key_format_type=enums.KeyFormatType.RAW, split_key_parts=4,
        key_part_identifier=1, split_key_threshold=2,
        split_key_method=enums.SplitKeyMethod.POLYNOMIAL_SHARING_PRIME_FIELD, prime_field_size=(1 << 61) - 1))
    client.register(objects.SplitKey(
        cryptographic_algorithm=A.AES, cryptographic_length=128, key_value=bytes(range(16)), name="xor part",
        key_format_type=enums.KeyFormatType.RAW, split_key_parts=3, key_part_identifier=3, split_key_threshold=3,
        split_key_method=enums.SplitKeyMethod.XOR))
    everything = {
        "wrapping_method": enums.WrappingMethod.ENCRYPT_THEN_MAC_SIGN,
        "encryption_key_information": {
            "unique_identifier": "42",
            "cryptographic_parameters": {
                "block_cipher_mode": enums.BlockCipherMode.NIST_KEY_WRAP, "padding_method": enums.PaddingMethod.PKCS5,
                "hashing_algorithm": enums.HashingAlgorithm.SHA_256, "key_role_type": enums.KeyRoleType.KEK,
                "cryptographic_algorithm": A.AES, "random_iv": False, "iv_length": 96, "tag_length": 128,
                "fixed_field_length": 32, "invocation_field_length": 64, "counter_length": 0,
                "initial_counter_value": 1}},
        "mac_signature_key_information": {
            "unique_identifier": "43",
            "cryptographic_parameters": {
                "hashing_algorithm": enums.HashingAlgorithm.SHA_512,
                "digital_signature_algorithm": enums.DigitalSignatureAlgorithm.RSASSA_PSS}},
        "mac_signature": b"\x01\x02\x03", "iv_counter_nonce": b"\x04" * 12,
        "encoding_option": enums.EncodingOption.NO_ENCODING,
    }
    client.register(objects.SymmetricKey(A.AES, 128, bytes(24), name="wrapped", key_wrapping_data=everything))
    client.register(objects.SymmetricKey(A.AES, 128, bytes(range(24)), name="wrapped simply", key_wrapping_data={
        "wrapping_method": enums.WrappingMethod.ENCRYPT,
        "encryption_key_information": {
            "unique_identifier": "42",
            "cryptographic_parameters": {"block_cipher_mode": enums.BlockCipherMode.NIST_KEY_WRAP}},
        "encoding_option": enums.EncodingOption.NO_ENCODING}))
    # Groups and application data, several of each.
    register(
        client, objects.OpaqueObject(b"grouped", enums.OpaqueDataType.NONE), ("NAME", "grouped", 0),
        ("OPERATION_POLICY_NAME", "none-such", 0),
        ("OBJECT_GROUP", "group one", 0), ("OBJECT_GROUP", "group two", 1),
        ("APPLICATION_SPECIFIC_INFORMATION", {"application_namespace": "a", "application_data": "1"}, 0),
        ("APPLICATION_SPECIFIC_INFORMATION", {"application_namespace": "a", "application_data": "2"}, 1))


def fill_as_other(client):
    client.create(A.AES, 256, name="another's")
    client.register(objects.OpaqueObject(b"another's, for all", enums.OpaqueDataType.NONE, name="shared"))


def main(host, port, folder):
    with connect(host, port, folder) as client:
        fill_as_client(client, folder)
    with connect(host, port, folder, version=V2_0) as client:
        sensitive = client.create(A.AES, 256, name="sensitive")
        client.set_attribute(sensitive, attribute_name="Sensitive", attribute_value=True)
    with connect(host, port, folder, name="other") as client:
        fill_as_other(client)


if __name__ == "__main__":
    main(*sys.argv[1:])
