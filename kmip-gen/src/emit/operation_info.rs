//! The operations: who may ask, what they do with the ID Placeholder, how they fail, whose rights stand in.

use proc_macro2::TokenStream;
use quote::quote;

use super::attributes::value;
use super::gate;
use crate::bind::{OBJECT_TYPE, OPERATION, RESULT_REASON};
use crate::model::{Model, Operation};
use crate::names::ident;
use crate::schema::Direction;

pub(super) fn emit(model: &Model) -> TokenStream {
    let operations = model.operations.iter().map(|operation| emit_one(operation, model));
    let rights = model.rights.iter().map(|entry| {
        let (operation, right) = (value(entry.operation, model), value(entry.right, model));
        quote!((#operation, #right))
    });
    let Some(code) = model.enumeration(OPERATION) else { return TokenStream::new() };
    let code = ident(&model.enumerations[code].entry.rust);
    let reason = model
        .enumeration(RESULT_REASON)
        .filter(|_| model.operations.iter().any(|operation| !operation.reasons.is_empty()));
    let reason = reason.map(|id| ident(&model.enumerations[id].entry.rust)).into_iter();
    let makes = model.operations.iter().any(|operation| !operation.makes.is_empty());
    let object_type = model.enumeration(OBJECT_TYPE).filter(|_| makes);
    let object_type = object_type.map(|id| ident(&model.enumerations[id].entry.rust)).into_iter();
    let requires = model.operations.iter().any(|operation| !operation.requires.is_empty());
    let tag = requires.then(|| {
        quote!(
            use ::kmip::ttlv::Tag;
        )
    });
    quote! {
        /// Every operation, by its code.
        pub static OPERATIONS: &[::kmip::types::rules::OperationInfo] = {
            use ::kmip::ttlv::Version;
            use ::kmip::types::rules::OperationInfo;
            use ::kmip::types::{#code #(, #reason)* #(, #object_type)*};
            #tag
            &[#(#operations),*]
        };

        /// For an operation that an operation policy does not list, the one whose entry stands in.
        pub static RIGHTS: &[(::kmip::types::#code, ::kmip::types::#code)] = {
            use ::kmip::types::#code;
            &[#(#rights),*]
        };
    }
}

fn emit_one(operation: &Operation, model: &Model) -> TokenStream {
    let code = value(operation.code, model);
    let (since, until) = gate(&operation.entry.gate);
    let towards = |party| match operation.direction.iter().find(|(direction, _)| *direction == party) {
        Some((_, versions)) => {
            let (since, until) = gate(versions);
            quote!(Some((#since, #until)))
        }
        None => quote!(None),
    };
    let client_to_server = towards(Direction::ClientToServer);
    let server_to_client = towards(Direction::ServerToClient);
    let (sets_id_placeholder, uses_id_placeholder) =
        (operation.sets_id_placeholder, operation.uses_id_placeholder);
    let reasons = operation.reasons.iter().map(|reason| {
        let (since, until) = gate(&reason.gate);
        let reason = value(reason.value, model);
        quote!((#reason, #since, #until))
    });
    let instead = operation.reasons.iter().flat_map(|reason| {
        let (since, until) = gate(&reason.gate);
        let stands = value(reason.value, model);
        reason.instead_of.iter().map(move |id| {
            let instead_of = value(*id, model);
            quote!((#instead_of, #stands, #since, #until))
        })
    });
    let makes = operation.makes.iter().map(|made| {
        let (since, until) = gate(&made.gate);
        let object_type = value(made.of, model);
        quote!((#object_type, #since, #until))
    });
    let requires = operation.requires.iter().map(|required| {
        let (since, until) = gate(&required.gate);
        let tag = ident(&model.tags[required.of].entry.rust);
        quote!((Tag::#tag, #since, #until))
    });
    quote! {
        OperationInfo {
            operation: #code,
            since: #since,
            until: #until,
            client_to_server: #client_to_server,
            server_to_client: #server_to_client,
            sets_id_placeholder: #sets_id_placeholder,
            uses_id_placeholder: #uses_id_placeholder,
            makes: &[#(#makes),*],
            requires: &[#(#requires),*],
            reasons: &[#(#reasons),*],
            instead: &[#(#instead),*],
        }
    }
}
