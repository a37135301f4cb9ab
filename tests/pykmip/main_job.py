"""The main job with PyKMIP's ProxyKmipClient: create, activate, encrypt, decrypt, get and destroy a key.

Usage: main_job.py HOST PORT CA CERTIFICATE KEY VERSION...
"""

import sys

from kmip.core import enums
from kmip.pie import client, exceptions, objects


def main_job(host, port, ca, certificate, key, version):
    proxy = client.ProxyKmipClient(
        hostname=host, port=port, cert=certificate, key=key, ca=ca,
        config="none", config_file="/dev/null", kmip_version=enums.KMIPVersion[version],
    )
    with proxy:
        uid = proxy.create(
            enums.CryptographicAlgorithm.AES, 256, name="main-job-" + version,
            cryptographic_usage_mask=[enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT],
        )
        parameters = {
            "cryptographic_algorithm": enums.CryptographicAlgorithm.AES,
            "block_cipher_mode": enums.BlockCipherMode.CBC,
            "padding_method": enums.PaddingMethod.PKCS5,
        }
        plaintext = b"the quick brown fox"
        try:
            proxy.encrypt(plaintext, uid=uid, cryptographic_parameters=parameters, iv_counter_nonce=b"\x01" * 16)
            raise AssertionError("a key that is not active encrypted")
        except exceptions.KmipOperationFailure:
            pass
        proxy.activate(uid)
        ciphertext, _ = proxy.encrypt(
            plaintext, uid=uid, cryptographic_parameters=parameters, iv_counter_nonce=b"\x01" * 16)
        assert ciphertext != plaintext and len(ciphertext) == 32, len(ciphertext)
        decrypted = proxy.decrypt(
            ciphertext, uid=uid, cryptographic_parameters=parameters, iv_counter_nonce=b"\x01" * 16)
        assert decrypted == plaintext, decrypted
        fetched = proxy.get(uid)
        assert isinstance(fetched, objects.SymmetricKey), fetched
        assert fetched.cryptographic_algorithm is enums.CryptographicAlgorithm.AES
        assert fetched.cryptographic_length == 256 and len(fetched.value) == 32

        # The key that was fetched is the key that encrypted.
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        decryptor = Cipher(algorithms.AES(fetched.value), modes.CBC(b"\x01" * 16)).decryptor()
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        assert padded == plaintext + bytes([13]) * 13, padded

        names = proxy.get_attribute_list(uid)
        assert "Cryptographic Algorithm" in names and "State" in names, names
        _, attributes = proxy.get_attributes(uid, ["State", "Cryptographic Length"])
        values = {a.attribute_name.value: a.attribute_value.value for a in attributes}
        assert values == {"State": enums.State.ACTIVE, "Cryptographic Length": 256}, values
        factory = __import__("kmip.core.factories.attributes", fromlist=["x"]).AttributeFactory()
        name = factory.create_attribute(
            enums.AttributeType.NAME,
            __import__("kmip.core.attributes", fromlist=["x"]).Name.create(
                "main-job-" + version, enums.NameType.UNINTERPRETED_TEXT_STRING))
        assert uid in proxy.locate(attributes=[name]), "not located by name"

        try:
            proxy.destroy(uid)
            raise AssertionError("an active key was destroyed")
        except exceptions.KmipOperationFailure:
            pass
        proxy.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid)
        proxy.destroy(uid)
        try:
            proxy.get(uid)
            raise AssertionError("a destroyed key was returned")
        except exceptions.KmipOperationFailure:
            pass
    print("ok", version)


if __name__ == "__main__":
    host, port, ca, certificate, key, *versions = sys.argv[1:]
    for version in versions:
        main_job(host, int(port), ca, certificate, key, version)
