//! The methods of both clients that send a call, made from one list.

use super::{
    Client, blocking,
    call::Id,
    calls::{
        self, Ciphertext, Form, Found, Input, KeyPair, KeyPairAttributes, Lease, Search, Split, Usage, Which,
    },
    error::Result,
    objects::Object,
};
use crate::{
    ttlv::{Bytes, DateTime, Interval, Secret, Text, Value, Version},
    types::{
        AdjustmentType, AttributeId, AttributeSet, CancellationResult, Certificate, CertificateRequestType,
        CryptographicAlgorithm, CryptographicParameters, DerivationMethod, DerivationParameters,
        HashingAlgorithm, ObjectType, QueryFunction, QueryResponse, ResponsePayload, RevocationReason,
        SecretDataType, Ticket, TicketLeaseTime, ValidityIndicator, attribute_set::AttributeInstance,
    },
};

macro_rules! faces {
    ($($name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty;)*) => {
        /// One method for each of [`calls`].
        impl Client {
            $(
                #[doc = concat!("Sends [`calls::", stringify!($name), "`].")]
                ///
                /// # Errors
                ///
                /// As [`Self::send`].
                pub async fn $name(&mut self, $($argument: $type),*) -> Result<$result> {
                    self.call(calls::$name($($argument),*)).await
                }
            )*
        }

        /// One method for each of [`calls`].
        impl blocking::Client {
            $(
                #[doc = concat!("Sends [`calls::", stringify!($name), "`].")]
                ///
                /// # Errors
                ///
                /// As [`Self::send`].
                pub fn $name(&mut self, $($argument: $type),*) -> Result<$result> {
                    self.call(calls::$name($($argument),*))
                }
            )*
        }
    };
}

type Parameters = Option<CryptographicParameters>;

faces! {
    create(algorithm: CryptographicAlgorithm, length: i32, attributes: AttributeSet) -> Text;
    create_key_pair(
        algorithm: CryptographicAlgorithm, length: impl Into<Option<i32>>, attributes: KeyPairAttributes
    ) -> KeyPair;
    register(object: impl Into<Object>) -> Text;
    rekey(id: impl Into<Id>, offset: impl Into<Option<Interval>>, attributes: AttributeSet) -> Text;
    rekey_key_pair(
        private_key: impl Into<Id>, offset: impl Into<Option<Interval>>, attributes: KeyPairAttributes
    ) -> KeyPair;
    derive_key(
        object_type: ObjectType, ids: impl IntoIterator<Item = impl Into<Id>>, method: DerivationMethod,
        parameters: DerivationParameters, attributes: AttributeSet
    ) -> Text;
    create_split_key(
        object_type: ObjectType, id: impl Into<Id>, split: Split, attributes: AttributeSet
    ) -> Vec<Text>;
    join_split_key(
        object_type: ObjectType, parts: impl IntoIterator<Item = impl Into<Id>>,
        secret_data_type: impl Into<Option<SecretDataType>>, attributes: AttributeSet
    ) -> Text;

    locate(search: impl Into<Search>) -> Found;
    get(id: impl Into<Id>) -> Object;
    get_as(id: impl Into<Id>, form: Form) -> Object;
    export(id: impl Into<Id>, form: Form) -> Object;
    import(id: impl Into<Id>, object: impl Into<Object>, replace: bool) -> Text;
    check(id: impl Into<Id>, usage: Usage) -> Usage;
    get_usage_allocation(id: impl Into<Id>, count: i64) -> ();
    obtain_lease(id: impl Into<Id>) -> Lease;

    get_attributes(id: impl Into<Id>, which: &[AttributeId]) -> AttributeSet;
    get_attribute_list(id: impl Into<Id>) -> Vec<AttributeId>;
    add_attribute(id: impl Into<Id>, attribute: impl Into<AttributeInstance>) -> Option<AttributeInstance>;
    modify_attribute(
        id: impl Into<Id>, new: impl Into<AttributeInstance>, current: impl Into<Option<AttributeInstance>>
    ) -> Option<AttributeInstance>;
    set_attribute(id: impl Into<Id>, attribute: impl Into<AttributeInstance>) -> ();
    delete_attribute(id: impl Into<Id>, which: impl Into<Which>) -> Option<AttributeInstance>;
    adjust_attribute(
        id: impl Into<Id>, which: AttributeId, adjustment: AdjustmentType, amount: impl Into<Option<Value>>
    ) -> ();

    activate(id: impl Into<Id>) -> ();
    revoke(
        id: impl Into<Id>, reason: RevocationReason, compromised_since: impl Into<Option<DateTime>>
    ) -> ();
    destroy(id: impl Into<Id>) -> ();
    archive(id: impl Into<Id>) -> ();
    recover(id: impl Into<Id>) -> ();

    encrypt(
        id: impl Into<Id>, parameters: impl Into<Parameters>, data: impl Into<Secret>, iv: Option<Bytes>,
        additional: Option<Bytes>
    ) -> Ciphertext;
    decrypt(
        id: impl Into<Id>, parameters: impl Into<Parameters>, ciphertext: Ciphertext, additional: Option<Bytes>
    ) -> Secret;
    sign(id: impl Into<Id>, parameters: impl Into<Parameters>, input: impl Into<Input>) -> Bytes;
    signature_verify(
        id: impl Into<Id>, parameters: impl Into<Parameters>, input: impl Into<Input>,
        signature: impl Into<Bytes>
    ) -> ValidityIndicator;
    mac(id: impl Into<Id>, parameters: impl Into<Parameters>, data: impl Into<Secret>) -> Bytes;
    mac_verify(
        id: impl Into<Id>, parameters: impl Into<Parameters>, data: impl Into<Secret>, mac: impl Into<Bytes>
    ) -> ValidityIndicator;
    hash(algorithm: HashingAlgorithm, data: impl Into<Secret>) -> Bytes;
    rng_retrieve(length: i32) -> Secret;
    rng_seed(data: impl Into<Secret>) -> i32;

    certify(
        public_key: impl Into<Id>, request: impl Into<Option<(CertificateRequestType, Bytes)>>,
        attributes: AttributeSet
    ) -> Text;
    re_certify(
        certificate: impl Into<Id>, request: Option<(CertificateRequestType, Bytes)>,
        offset: impl Into<Option<Interval>>, attributes: AttributeSet
    ) -> Text;
    validate(
        certificates: Vec<Certificate>, ids: &[&str], at: impl Into<Option<DateTime>>
    ) -> ValidityIndicator;

    query(functions: &[QueryFunction]) -> QueryResponse;
    discover_versions(among: &[Version]) -> Vec<Version>;
    poll(correlation_value: impl Into<Bytes>) -> ResponsePayload;
    cancel(correlation_value: impl Into<Bytes>) -> CancellationResult;
    log(message: impl Into<Text>) -> ();
    login(lease_time: Option<TicketLeaseTime>, request_count: Option<i32>) -> Ticket;
    logout(ticket: Ticket) -> ();
}
