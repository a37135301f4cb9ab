"""Every method of PyKMIP's ProxyKmipClient, in several versions of KMIP, with its result compared exactly.

Usage: methods.py HOST PORT FOLDER

Prints a line for each method in each version: "ok METHOD VERSION", or "failed METHOD VERSION: why".
The folder has ca.crt, client.crt and client.key. The server is empty for that client, and for nobody else.
"""

import hashlib
import hmac
import os
import sys
import time
import traceback

from cryptography import x509
from cryptography.hazmat.primitives import cmac, hashes, keywrap, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as signatures, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.kbkdf import CounterLocation, KBKDFHMAC, Mode
from kmip.core import attributes as attribute_types, enums, objects as core
from kmip.core.exceptions import OperationFailure
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.messages import payloads
from kmip.pie import exceptions, objects

from common import V1_0, V1_2, V1_4, V2_0, connect, describe_attributes, describe_object

A, M, R = enums.CryptographicAlgorithm, enums.CryptographicUsageMask, enums.ResultReason
VERSIONS = [V1_0, V1_2, V1_4, V2_0]
ENCRYPTION = {"cryptographic_algorithm": A.AES, "block_cipher_mode": enums.BlockCipherMode.CBC, "padding_method": enums.PaddingMethod.PKCS5}
FACTORY = AttributeFactory()
METHODS = []


def method(function):
    METHODS.append(function)
    return function


class Case:
    """One method in one version."""

    def __init__(self, client, version, folder):
        self.client, self.version, self.folder = client, version, folder

    def equal(self, found, expected):
        assert found == expected, f"found {found!r}, expected {expected!r}"

    def attributes(self, uid, *names):
        found, values = self.client.get_attributes(uid, list(names))
        self.equal(found, uid)
        return describe_attributes(values)

    def state(self, uid):
        return self.attributes(uid, "State")["State"][0]

    def name(self, text):
        return f"{text} {self.version.value}"

    def refused(self, reason, call, *arguments, **more):
        """The call fails for this reason, and says something."""
        try:
            result = call(*arguments, **more)
        except exceptions.KmipOperationFailure as failure:
            self.equal((failure.status, failure.reason), (enums.ResultStatus.OPERATION_FAILED, reason))
            assert failure.message, "the failure has no message"
        else:
            raise AssertionError(f"not refused: {result!r}")

    def since(self, version, call, *arguments, **more):
        """Whether the version has the operation; where it hasn't, the server says so."""
        if self.version.value >= version.value:
            return True
        self.refused(R.OPERATION_NOT_SUPPORTED, call, *arguments, **more)
        return False

    def key(self, value=bytes(range(32)), algorithm=A.AES, masks=(M.ENCRYPT, M.DECRYPT), active=True, name="key"):
        uid = self.client.register(objects.SymmetricKey(algorithm, len(value) * 8, value, masks=list(masks), name=self.name(name)))
        if active:
            self.client.activate(uid)
        return uid

    def absent(self, call, *arguments, **more):
        """What is no longer there is answered so."""
        reason = R.OBJECT_NOT_FOUND if self.version.value >= V2_0.value else R.ITEM_NOT_FOUND
        self.refused(reason, call, *arguments, **more)


@method
def open_and_close(case):
    client = connect(*case.place, version=case.version)
    for call in (lambda: client.get("1"), lambda: client.locate()):
        try:
            call()
            raise AssertionError("a client that is not open worked")
        except exceptions.ClientConnectionNotOpen:
            pass
    client.open()
    try:
        client.open()
        raise AssertionError("it was opened twice")
    except exceptions.ClientConnectionFailure:
        pass
    client.locate()
    client.close()
    client.close()
    with client:
        client.locate()
    case.equal(client.kmip_version, case.version)


@method
def create(case):
    for algorithm, length in [(A.AES, 128), (A.AES, 192), (A.AES, 256), (A.TRIPLE_DES, 192), (A.BLOWFISH, 128), (A.CAMELLIA, 256), (A.CAST5, 128)]:
        name = case.name(f"{algorithm.name} {length}")
        uid = case.client.create(algorithm, length, name=name, cryptographic_usage_mask=[M.MAC_GENERATE])
        expected = {
            "Cryptographic Algorithm": [algorithm.name], "Cryptographic Length": [length],
            # PyKMIP's client asks for encryption and decryption whatever it is told.
            "Cryptographic Usage Mask": [M.ENCRYPT.value | M.DECRYPT.value | M.MAC_GENERATE.value],
            "Name": [[name, "UNINTERPRETED_TEXT_STRING"]], "Object Type": ["SYMMETRIC_KEY"], "State": ["PRE_ACTIVE"],
        }
        case.equal(case.attributes(uid, *expected), expected)
        found = case.client.get(uid)
        case.equal((type(found), len(found.value) * 8, found.cryptographic_length), (objects.SymmetricKey, length, length))
    first, second = (case.client.get(case.client.create(A.AES, 256)).value for _ in range(2))
    assert first != second, "two keys are the same"
    if case.version is not V2_0:
        uid = case.client.create(A.AES, 128, operation_policy_name="default")
        case.equal(case.attributes(uid, "Operation Policy Name"), {"Operation Policy Name": ["default"]})
    case.refused(R.INVALID_FIELD, case.client.create, A.AES, 100)


@method
def create_key_pair(case):
    public, private = case.client.create_key_pair(
        A.RSA, 2048, public_name=case.name("public"), public_usage_mask=[M.VERIFY, M.ENCRYPT],
        private_name=case.name("private"), private_usage_mask=[M.SIGN, M.DECRYPT])
    names = ("Cryptographic Algorithm", "Cryptographic Length", "Cryptographic Usage Mask", "Name", "Object Type", "State")
    common = {"Cryptographic Algorithm": ["RSA"], "Cryptographic Length": [2048], "State": ["PRE_ACTIVE"]}
    case.equal(case.attributes(public, *names), common | {
        "Cryptographic Usage Mask": [M.VERIFY.value | M.ENCRYPT.value], "Object Type": ["PUBLIC_KEY"],
        "Name": [[case.name("public"), "UNINTERPRETED_TEXT_STRING"]]})
    case.equal(case.attributes(private, *names), common | {
        "Cryptographic Usage Mask": [M.SIGN.value | M.DECRYPT.value], "Object Type": ["PRIVATE_KEY"],
        "Name": [[case.name("private"), "UNINTERPRETED_TEXT_STRING"]]})
    found = [case.client.get(uid) for uid in (public, private)]
    # In KMIP 2.0 the default for private keys is PKCS#1, too (2.0 §4.26).
    default = enums.KeyFormatType.PKCS_1 if case.version is V2_0 else enums.KeyFormatType.PKCS_8
    case.equal([key.key_format_type for key in found], [enums.KeyFormatType.PKCS_1, default])
    private_key = serialization.load_der_private_key(found[1].value, None)
    case.equal(private_key.key_size, 2048)
    case.equal(private_key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1), found[0].value)


def everything_to_register(case):
    with open(f"{case.folder}/client.crt", "rb") as file:
        certificate = x509.load_pem_x509_certificate(file.read()).public_bytes(serialization.Encoding.DER)
    key = rsa.generate_private_key(65537, 2048)
    der = serialization.Encoding.DER
    secret = serialization.PrivateFormat
    public = serialization.PublicFormat
    none = serialization.NoEncryption()
    F = enums.KeyFormatType
    yield objects.SymmetricKey(A.AES, 128, bytes(range(16)), masks=[M.ENCRYPT, M.DECRYPT], name=case.name("symmetric"))
    yield objects.PrivateKey(A.RSA, 2048, key.private_bytes(der, secret.PKCS8, none), F.PKCS_8, masks=[M.SIGN], name=case.name("pkcs8"))
    yield objects.PrivateKey(A.RSA, 2048, key.private_bytes(der, secret.TraditionalOpenSSL, none), F.PKCS_1, masks=[M.SIGN], name=case.name("pkcs1"))
    yield objects.PublicKey(A.RSA, 2048, key.public_key().public_bytes(der, public.PKCS1), F.PKCS_1, masks=[M.VERIFY], name=case.name("public1"))
    yield objects.PublicKey(A.RSA, 2048, key.public_key().public_bytes(der, public.SubjectPublicKeyInfo), F.X_509, masks=[M.VERIFY], name=case.name("public2"))
    yield objects.X509Certificate(certificate, masks=[M.VERIFY], name=case.name("certificate"))
    yield objects.SecretData(b"hunter2", enums.SecretDataType.PASSWORD, masks=[M.DERIVE_KEY], name=case.name("password"), app_specific_info=[
        {"application_namespace": "ssl", "application_data": "www.example.com"}])
    yield objects.SecretData(bytes(96), enums.SecretDataType.SEED, name=case.name("seed"))
    yield objects.OpaqueObject(b"anything", enums.OpaqueDataType.NONE, name=case.name("opaque"))
    yield objects.SplitKey(
        cryptographic_algorithm=A.AES, cryptographic_length=128, key_value=bytes(16), name=case.name("part"),
        cryptographic_usage_masks=[M.EXPORT], key_format_type=F.RAW, split_key_parts=3, key_part_identifier=1,
        split_key_threshold=3, split_key_method=enums.SplitKeyMethod.XOR)
    yield objects.SplitKey(
        cryptographic_algorithm=A.AES, cryptographic_length=128, key_value=bytes(16), name=case.name("share"),
        cryptographic_usage_masks=[M.EXPORT], key_format_type=F.RAW, split_key_parts=4, key_part_identifier=2,
        split_key_threshold=2, split_key_method=enums.SplitKeyMethod.POLYNOMIAL_SHARING_PRIME_FIELD, prime_field_size=104729)


@method
def register(case):
    for given in everything_to_register(case):
        uid = case.client.register(given)
        case.equal(describe_object(case.client.get(uid)), describe_object(given))
        names = case.attributes(uid, "Name", "Object Type")
        case.equal(names, {"Name": [[given.names[0], "UNINTERPRETED_TEXT_STRING"]], "Object Type": [given.object_type.name]})
        if hasattr(given, "cryptographic_usage_masks"):
            mask = sum(bit.value for bit in given.cryptographic_usage_masks)
            case.equal(case.attributes(uid, "Cryptographic Usage Mask"), {"Cryptographic Usage Mask": [mask]})
        if isinstance(given, objects.SecretData) and given._application_specific_informations:
            case.equal(case.attributes(uid, "Application Specific Information"), {"Application Specific Information": [["ssl", "www.example.com"]]})


@method
def derive_key(case):
    base = bytes(range(1, 33))
    uid = case.key(base, masks=[M.DERIVE_KEY])
    secret = case.client.register(objects.SecretData(b"password", enums.SecretDataType.PASSWORD, masks=[M.DERIVE_KEY], name=case.name("base")))
    case.client.activate(secret)
    sha256 = {"hashing_algorithm": enums.HashingAlgorithm.SHA_256}
    data = b"the derivation data"
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(base), modes.CBC(bytes(16))).encryptor()
    encrypted = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
    counter = KBKDFHMAC(hashes.SHA256(), Mode.CounterMode, 32, 4, None, CounterLocation.BeforeFixed, None, None, data).derive(base)
    D = enums.DerivationMethod
    # The algorithm among the parameters is of 1.2 (1.2 3.6); PyKMIP's client sends what it is given in any version.
    cipher = {name: value for name, value in ENCRYPTION.items() if case.version is not V1_0 or name != "cryptographic_algorithm"}
    for source, way, parameters, expected in [
        (secret, D.PBKDF2, {"cryptographic_parameters": sha256, "salt": b"salt", "iteration_count": 4096}, hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 4096, 32)),
        (secret, D.HASH, {"cryptographic_parameters": sha256}, hashlib.sha256(b"password").digest()),
        (uid, D.HMAC, {"cryptographic_parameters": sha256, "derivation_data": data}, hmac.digest(base, data, "sha256")),
        (uid, D.ENCRYPT, {"cryptographic_parameters": cipher, "initialization_vector": bytes(16), "derivation_data": data}, encrypted[:32]),
        (uid, D.NIST800_108_C, {"cryptographic_parameters": sha256, "derivation_data": data}, counter),
    ]:
        for length, kind in [(32, enums.ObjectType.SYMMETRIC_KEY), (16, enums.ObjectType.SECRET_DATA)]:
            derived = case.client.derive_key(
                kind, [source], way, parameters, cryptographic_length=length * 8, cryptographic_algorithm=A.AES, cryptographic_usage_mask=[M.ENCRYPT])
            case.equal((way, case.client.get(derived).value), (way, expected[:length]))
    case.refused(
        R.CRYPTOGRAPHIC_FAILURE, case.client.derive_key, enums.ObjectType.SYMMETRIC_KEY,
        [secret], D.HASH, {"cryptographic_parameters": sha256}, cryptographic_length=512, cryptographic_algorithm=A.AES)


@method
def rekey(case):
    uid = case.key(name="rekeyed")
    new = case.client.rekey(uid)
    assert new != uid, "the new key has the old identifier"
    old, replaced = case.client.get(uid), case.client.get(new)
    assert old.value != replaced.value, "the new key has the old value"
    case.equal((replaced.cryptographic_algorithm, replaced.cryptographic_length), (A.AES, 256))
    # The name moves to the new key (KMIP 1.0 §4.4).
    case.equal(case.attributes(new, "Name")["Name"], [[case.name("rekeyed"), "UNINTERPRETED_TEXT_STRING"]])
    case.equal(case.attributes(uid, "Name"), {})
    case.equal(case.state(uid), "ACTIVE")
    now = int(time.time())
    third = case.client.rekey(
        new, activation_date=now + 1000, process_start_date=now + 2000, protect_stop_date=now + 3000, deactivation_date=now + 4000)
    dates = ("Activation Date", "Process Start Date", "Protect Stop Date", "Deactivation Date")
    case.equal(case.attributes(third, *dates), dict(zip(sorted(dates), ([now + 1000], [now + 4000], [now + 2000], [now + 3000]))))
    case.absent(case.client.rekey, "no such key")


@method
def locate(case):
    client = case.client
    group = f"located {case.version.name}"

    def by(kind, value):
        return FACTORY.create_attribute(kind, value)

    T = enums.AttributeType
    before = client.locate()
    uids = [client.create(A.AES, 256, name=f"{group} {number}") for number in range(3)]
    other = client.register(objects.OpaqueObject(b"o", enums.OpaqueDataType.NONE, name=f"{group} opaque"))
    client.activate(uids[1])
    # The newest first.
    case.equal(client.locate(), [other, uids[2], uids[1], uids[0]] + before)
    case.equal(client.locate(maximum_items=2), [other, uids[2]])
    named = attribute_types.Name.create(f"{group} 1", enums.NameType.UNINTERPRETED_TEXT_STRING)
    case.equal(client.locate(attributes=[by(T.NAME, named)]), [uids[1]])
    case.equal(client.locate(attributes=[by(T.NAME, f"{group} none")]), [])
    both = [by(T.OBJECT_TYPE, enums.ObjectType.SYMMETRIC_KEY), by(T.STATE, enums.State.ACTIVE), by(T.NAME, f"{group} 1")]
    case.equal(client.locate(attributes=both), [uids[1]])
    case.equal(client.locate(maximum_items=1, attributes=[by(T.OBJECT_TYPE, enums.ObjectType.OPAQUE_DATA)]), [other])
    case.equal(client.locate(attributes=[by(T.UNIQUE_IDENTIFIER, uids[0])]), [uids[0]])
    day = 24 * 60 * 60
    now = int(time.time())
    # Two of them are a range.
    dates = [by(T.INITIAL_DATE, now - day), by(T.INITIAL_DATE, now + day)]
    case.equal(client.locate(maximum_items=4, attributes=dates), [other, uids[2], uids[1], uids[0]])
    case.equal(client.locate(attributes=[by(T.INITIAL_DATE, now + day), by(T.INITIAL_DATE, now + 2 * day)]), [])
    online, archived = enums.StorageStatusMask.ONLINE_STORAGE.value, enums.StorageStatusMask.ARCHIVAL_STORAGE.value
    case.equal(client.locate(maximum_items=1, storage_status_mask=online), [other])
    case.equal(client.locate(storage_status_mask=archived), [])
    # The mask need only be a part of what the object has.
    wide = client.create(A.AES, 256, name=f"{group} wide", cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT, M.WRAP_KEY])
    case.equal(client.locate(attributes=[by(T.NAME, f"{group} wide"), by(T.CRYPTOGRAPHIC_USAGE_MASK, [M.WRAP_KEY])]), [wide])
    case.equal(client.locate(attributes=[by(T.NAME, f"{group} wide"), by(T.CRYPTOGRAPHIC_USAGE_MASK, [M.SIGN])]), [])
    if case.version.value >= V1_4.value:
        case.equal(client.locate(offset_items=1, maximum_items=2), [other, uids[2]])


@method
def check(case):
    uid = case.key()
    # PyKMIP's client can't do without a mask.
    case.equal(case.client.check(uid, cryptographic_usage_mask=[]), uid)
    case.equal(case.client.check(uid, cryptographic_usage_mask=[M.ENCRYPT, M.DECRYPT]), uid)
    # It can't read a refusal, either, but by what is below it.
    def refused(reason, uid, mask):
        try:
            case.client.proxy.send_request_payload(
                enums.Operation.CHECK, payloads.CheckRequestPayload(unique_identifier=uid, cryptographic_usage_mask=mask))
            raise AssertionError("not refused")
        except OperationFailure as failure:
            case.equal((failure.status, failure.reason), (enums.ResultStatus.OPERATION_FAILED, reason))
    refused(R.INCOMPATIBLE_CRYPTOGRAPHIC_USAGE_MASK if case.version is V2_0 else R.PERMISSION_DENIED, uid, M.SIGN.value)
    refused(R.OBJECT_NOT_FOUND if case.version is V2_0 else R.ITEM_NOT_FOUND, "no such key", 0)


@method
def get(case):
    client = case.client
    wrapping = case.key(bytes(range(100, 132)), masks=[M.WRAP_KEY], name="wrapping")
    uid = case.key(bytes(range(16)))
    specification = {
        "wrapping_method": enums.WrappingMethod.ENCRYPT,
        "encryption_key_information": {
            "unique_identifier": wrapping,
            "cryptographic_parameters": {"block_cipher_mode": enums.BlockCipherMode.NIST_KEY_WRAP}},
        "encoding_option": enums.EncodingOption.NO_ENCODING,
    }
    plain = client.get(uid)
    case.equal((plain.value, plain.key_wrapping_data), (bytes(range(16)), {}))
    if case.version is not V1_0:
        wrapped = client.get(uid, specification)
        case.equal(wrapped.value, keywrap.aes_key_wrap(bytes(range(100, 132)), bytes(range(16))))
        case.equal(wrapped.key_wrapping_data["wrapping_method"], enums.WrappingMethod.ENCRYPT)
        case.equal(wrapped.key_wrapping_data["encryption_key_information"]["unique_identifier"], wrapping)
    case.absent(client.get, "no such object")


@method
def get_attributes(case):
    uid = case.key(name="attributes")
    expected = {
        "Cryptographic Algorithm": ["AES"], "Cryptographic Length": [256], "Cryptographic Usage Mask": [M.ENCRYPT.value | M.DECRYPT.value],
        "Name": [[case.name("attributes"), "UNINTERPRETED_TEXT_STRING"]], "Object Type": ["SYMMETRIC_KEY"], "State": ["ACTIVE"],
        "Unique Identifier": [uid],
    }
    if case.version is not V2_0:
        expected["Operation Policy Name"] = ["default"]
    case.equal(case.attributes(uid, *expected), expected)
    # One that it doesn't have is left out.
    case.equal(case.attributes(uid, "State", "Object Group"), {"State": ["ACTIVE"]})
    initial = case.attributes(uid, "Initial Date")["Initial Date"][0]
    assert abs(initial - time.time()) < 60, initial
    case.absent(case.client.get_attributes, "no such object", ["State"])


@method
def get_attribute_list(case):
    uid = case.key()
    names = case.client.get_attribute_list(uid)
    wanted = {"Cryptographic Algorithm", "Cryptographic Length", "Cryptographic Usage Mask", "Digest", "Initial Date", "Name", "Object Type", "State", "Unique Identifier"}
    assert wanted <= set(names), wanted - set(names)
    case.equal(len(names), len(set(names)))
    case.absent(case.client.get_attribute_list, "no such object")


@method
def activate(case):
    uid = case.client.create(A.AES, 256)
    case.equal(case.state(uid), "PRE_ACTIVE")
    case.client.activate(uid)
    case.equal(case.state(uid), "ACTIVE")
    assert abs(case.attributes(uid, "Activation Date")["Activation Date"][0] - time.time()) < 60
    case.refused(wrong_state(case), case.client.activate, uid)
    case.absent(case.client.activate, "no such object")


def wrong_state(case):
    return R.WRONG_KEY_LIFECYCLE_STATE if case.version is V2_0 else R.PERMISSION_DENIED


@method
def revoke(case):
    C = enums.RevocationReasonCode
    uid = case.key()
    case.client.revoke(C.CESSATION_OF_OPERATION, uid, "no longer in use")
    case.equal(case.state(uid), "DEACTIVATED")
    case.client.revoke(C.KEY_COMPROMISE, uid, "it was found", int(time.time()) - 1000)
    case.equal(case.state(uid), "COMPROMISED")
    found = case.attributes(uid, "Compromise Occurrence Date", "Compromise Date")
    assert found["Compromise Date"][0] - found["Compromise Occurrence Date"][0] >= 1000, found
    case.absent(case.client.revoke, C.KEY_COMPROMISE, "no such object")


@method
def destroy(case):
    uid = case.client.create(A.AES, 256)
    case.client.destroy(uid)
    case.absent(case.client.get, uid)
    active = case.key()
    case.refused(wrong_state(case), case.client.destroy, active)
    case.equal(case.client.get(active).value, bytes(range(32)))
    case.absent(case.client.destroy, "no such object")


@method
def encrypt(case):
    uid = case.key()
    if not case.since(V1_2, case.client.encrypt, b"plain", uid, ENCRYPTION, bytes(16)):
        return
    iv = bytes(range(16))
    padder = padding.PKCS7(128).padder()
    padded = padder.update(b"the plaintext") + padder.finalize()
    encryptor = Cipher(algorithms.AES(bytes(range(32))), modes.CBC(iv)).encryptor()
    expected = encryptor.update(padded) + encryptor.finalize()
    case.equal(case.client.encrypt(b"the plaintext", uid, ENCRYPTION, iv), (expected, None))
    # Without an IV the server makes one, and says which.
    data, made = case.client.encrypt(b"the plaintext", uid, ENCRYPTION | {"random_iv": True})
    decryptor = Cipher(algorithms.AES(bytes(range(32))), modes.CBC(made)).decryptor()
    case.equal(decryptor.update(data) + decryptor.finalize(), padded)
    counter = {"cryptographic_algorithm": A.AES, "block_cipher_mode": enums.BlockCipherMode.CTR}
    encryptor = Cipher(algorithms.AES(bytes(range(32))), modes.CTR(iv)).encryptor()
    case.equal(case.client.encrypt(b"any length", uid, counter, iv)[0], encryptor.update(b"any length"))
    case.absent(case.client.encrypt, b"plain", "no such key", ENCRYPTION, iv)


@method
def decrypt(case):
    uid = case.key()
    if not case.since(V1_2, case.client.decrypt, bytes(16), uid, ENCRYPTION, bytes(16)):
        return
    iv = os.urandom(16)
    for length in (0, 1, 15, 16, 17, 1000):
        data = os.urandom(length)
        encrypted, _ = case.client.encrypt(data, uid, ENCRYPTION, iv)
        case.equal(case.client.decrypt(encrypted, uid, ENCRYPTION, iv), data)
    unpadded, _ = case.client.encrypt(bytes(16), uid, ENCRYPTION | {"padding_method": enums.PaddingMethod.NONE}, iv)
    case.refused(R.CRYPTOGRAPHIC_FAILURE, case.client.decrypt, unpadded, uid, ENCRYPTION, iv)
    encrypting = case.key(masks=[M.ENCRYPT])
    reason = R.INCOMPATIBLE_CRYPTOGRAPHIC_USAGE_MASK if case.version is V2_0 else R.PERMISSION_DENIED
    case.refused(reason, case.client.decrypt, bytes(16), encrypting, ENCRYPTION, iv)


SIGNING = {
    "cryptographic_algorithm": A.RSA, "hashing_algorithm": enums.HashingAlgorithm.SHA_256,
    "padding_method": enums.PaddingMethod.PKCS1v15,
}


def signing_pair(case):
    key = rsa.generate_private_key(65537, 2048)
    der = serialization.Encoding.DER
    private = case.client.register(objects.PrivateKey(
        A.RSA, 2048, key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        enums.KeyFormatType.PKCS_8, masks=[M.SIGN], name=case.name("signing")))
    public = case.client.register(objects.PublicKey(
        A.RSA, 2048, key.public_key().public_bytes(der, serialization.PublicFormat.SubjectPublicKeyInfo),
        enums.KeyFormatType.X_509, masks=[M.VERIFY], name=case.name("verifying")))
    case.client.activate(private)
    case.client.activate(public)
    return key, private, public


@method
def sign(case):
    key, private, _ = signing_pair(case)
    if not case.since(V1_2, case.client.sign, b"message", private, SIGNING):
        return
    signature = case.client.sign(b"message", private, SIGNING)
    case.equal(signature, key.sign(b"message", signatures.PKCS1v15(), hashes.SHA256()))
    pss = {"digital_signature_algorithm": enums.DigitalSignatureAlgorithm.RSASSA_PSS, "hashing_algorithm": enums.HashingAlgorithm.SHA_256,
           "padding_method": enums.PaddingMethod.PSS, "cryptographic_algorithm": A.RSA}
    signature = case.client.sign(b"message", private, pss)
    key.public_key().verify(signature, b"message", signatures.PSS(signatures.MGF1(hashes.SHA256()), signatures.PSS.AUTO), hashes.SHA256())


@method
def signature_verify(case):
    key, _, public = signing_pair(case)
    signature = key.sign(b"message", signatures.PKCS1v15(), hashes.SHA256())
    if not case.since(V1_2, case.client.signature_verify, b"message", signature, public, SIGNING):
        return
    verify = case.client.signature_verify
    case.equal(verify(b"message", signature, public, SIGNING), enums.ValidityIndicator.VALID)
    case.equal(verify(b"another", signature, public, SIGNING), enums.ValidityIndicator.INVALID)
    case.equal(verify(b"message", bytes(256), public, SIGNING), enums.ValidityIndicator.INVALID)


@method
def mac(case):
    uid = case.key(masks=[M.MAC_GENERATE, M.MAC_VERIFY])
    if not case.since(V1_2, case.client.mac, b"data", uid, A.HMAC_SHA256):
        return
    key = bytes(range(32))
    for algorithm, name in [(A.HMAC_SHA1, "sha1"), (A.HMAC_SHA224, "sha224"), (A.HMAC_SHA256, "sha256"), (A.HMAC_SHA384, "sha384"), (A.HMAC_SHA512, "sha512"), (A.HMAC_MD5, "md5")]:
        case.equal((name, case.client.mac(b"data", uid, algorithm)), (name, (uid, hmac.digest(key, b"data", name))))
    code = cmac.CMAC(algorithms.AES(key))
    code.update(b"data")
    case.equal(case.client.mac(b"data", uid, A.AES), (uid, code.finalize()))
    # CMAC needs a block cipher.
    reason = R.BAD_CRYPTOGRAPHIC_PARAMETERS if case.version is V2_0 else R.INVALID_FIELD
    case.refused(reason, case.client.mac, b"data", uid, A.RC4)


@method
def modify_attribute(case):
    uid = case.key(name="before")
    if case.version is V2_0:
        def name(text):
            return attribute_types.Name.create(text, enums.NameType.UNINTERPRETED_TEXT_STRING)
        found, changed = case.client.modify_attribute(
            unique_identifier=uid,
            current_attribute=core.CurrentAttribute(attribute=name(case.name("before"))),
            new_attribute=core.NewAttribute(attribute=name(case.name("after"))))
        case.equal((found, changed), (uid, None))
    else:
        new = FACTORY.create_attribute(enums.AttributeType.NAME, case.name("after"), index=0)
        found, changed = case.client.modify_attribute(unique_identifier=uid, attribute=new)
        case.equal((found, describe_attributes([changed])), (uid, {"Name": [[case.name("after"), "UNINTERPRETED_TEXT_STRING"]]}))
    case.equal(case.attributes(uid, "Name")["Name"], [[case.name("after"), "UNINTERPRETED_TEXT_STRING"]])


@method
def set_attribute(case):
    uid = case.key()
    if case.version is not V2_0:
        try:
            case.client.set_attribute(uid, attribute_name="Sensitive", attribute_value=True)
            raise AssertionError("the client sent what its version lacks")
        except Exception as error:
            assert "does not support" in str(error), error
        return
    case.equal(case.client.set_attribute(uid, attribute_name="Sensitive", attribute_value=True), uid)
    case.equal(case.attributes(uid, "Sensitive"), {"Sensitive": [True]})


@method
def delete_attribute(case):
    uid = case.key(name="deleted")
    if case.version is V2_0:
        name = attribute_types.Name.create(case.name("deleted"), enums.NameType.UNINTERPRETED_TEXT_STRING)
        found, deleted = case.client.delete_attribute(unique_identifier=uid, current_attribute=core.CurrentAttribute(attribute=name))
        case.equal((found, deleted), (uid, None))
    else:
        found, deleted = case.client.delete_attribute(unique_identifier=uid, attribute_name="Name", attribute_index=0)
        case.equal((found, describe_attributes([deleted])), (uid, {"Name": [[case.name("deleted"), "UNINTERPRETED_TEXT_STRING"]]}))
    case.equal(case.attributes(uid, "Name"), {})


def main(host, port, folder):
    for version in VERSIONS:
        label = version.name.removeprefix("KMIP_").replace("_", ".")
        for run in METHODS:
            with connect(host, port, folder, version=version) as client:
                case = Case(client, version, folder)
                case.place = (host, port, folder)
                try:
                    run(case)
                    print("ok", run.__name__, label, flush=True)
                except Exception as error:
                    print("failed", run.__name__, label + ":", " ".join(str(error).split())[:600] or type(error).__name__, flush=True)
                    traceback.print_exc()


if __name__ == "__main__":
    main(*sys.argv[1:])
