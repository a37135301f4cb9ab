//! The payloads of the operations, and what ties a request to its response.

use proc_macro2::TokenStream;
use quote::quote;

use super::attributes::value;
use super::choices;
use super::structures::{Uses, emit_one};
use crate::bind::OPERATION;
use crate::model::{Choice, Model, Operation, Type};
use crate::names::ident;

pub(super) fn emit(model: &Model) -> TokenStream {
    let mut uses = Uses::default();
    let payloads: Vec<_> = model
        .operations
        .iter()
        .flat_map(|operation| [operation.request, operation.response])
        .flatten()
        .map(|id| emit_one(&model.structures[id], model, &mut uses))
        .collect();
    let payload_choices: Vec<&Choice> =
        model.choices.iter().filter(|choice| choices::is_payload(choice, model)).collect();
    let choices: Vec<_> =
        payload_choices.iter().map(|choice| choices::emit(choice, model, &mut uses)).collect();
    let conversions = payload_choices.iter().map(|choice| conversions(choice, model));
    let whose = payload_choices.iter().filter_map(|choice| whose(choice, model));
    let ties = model.operations.iter().filter_map(|operation| tie(operation, model));
    let used = uses.emit();
    quote! {
        #used
        #(#payloads)*
        #(#choices)*
        #(#ties)*
        #(#conversions)*
        #(#whose)*
    }
}

/// Tells of a payload whose it is.
fn whose(choice: &Choice, model: &Model) -> Option<TokenStream> {
    let name = ident(&choice.entry.rust);
    let code = ident(&model.enumerations[model.enumeration(OPERATION)?].entry.rust);
    let cases = choice.cases.iter().filter_map(|case| {
        let Type::Structure(id) = case.of else { return None };
        let operation = model
            .operations
            .iter()
            .find(|operation| operation.request == Some(id) || operation.response == Some(id))?;
        let (variant, operation) = (ident(&case.entry.rust), value(operation.code, model));
        Some(quote!(Self::#variant(_) => #operation,))
    });
    Some(quote! {
        impl #name {
            /// The operation whose payload it is; none where the tables don't say.
            pub fn operation(&self) -> Option<#code> {
                Some(match self {
                    #(#cases)*
                    _ => return None,
                })
            }
        }
    })
}

/// Says of a request which operation it is for and what answers it; none where the answer is another
/// operation's (Poll).
fn tie(operation: &Operation, model: &Model) -> Option<TokenStream> {
    let request = ident(&model.structures[operation.request?].entry.rust);
    let response = ident(&model.structures[operation.response?].entry.rust);
    let enumeration = ident(&model.enumerations[operation.code.0].entry.rust);
    let code = ident(&model.value(operation.code).entry.rust);
    Some(quote! {
        impl ::kmip::types::Request for #request {
            type Response = #response;
            const OPERATION: #enumeration = #enumeration::#code;
        }
    })
}

/// From each payload to the choice, and back from what a response holds.
fn conversions(choice: &Choice, model: &Model) -> TokenStream {
    let name = ident(&choice.entry.rust);
    let is_response = |id: usize| model.operations.iter().any(|operation| operation.response == Some(id));
    let each = choice.cases.iter().filter_map(|case| {
        let Type::Structure(id) = case.of else { return None };
        let variant = ident(&case.entry.rust);
        let payload = ident(&model.structures[id].entry.rust);
        let (into_case, out_of_case) = match case.boxed {
            true => (quote!(Box::new(payload)), quote!(*payload)),
            false => (quote!(payload), quote!(payload)),
        };
        // So that `into` takes any case's payload out of it, boxed or not.
        let unboxed = case.boxed.then(|| {
            quote! {
                impl From<Box<#payload>> for #payload {
                    fn from(payload: Box<#payload>) -> Self {
                        *payload
                    }
                }
            }
        });
        let back = is_response(id).then(|| {
            quote! {
                impl TryFrom<#name> for #payload {
                    type Error = #name;

                    fn try_from(payload: #name) -> Result<Self, #name> {
                        match payload {
                            #name::#variant(payload) => Ok(#out_of_case),
                            other => Err(other),
                        }
                    }
                }
            }
        });
        Some(quote! {
            impl From<#payload> for #name {
                fn from(payload: #payload) -> Self {
                    Self::#variant(#into_case)
                }
            }
            #unboxed
            #back
        })
    });
    quote!(#(#each)*)
}
