//! Credentials out of a store of one's own. This is the one thing that `libgssapi` has no safe call for: it
//! asks the environment of the process.
#![allow(unsafe_code, reason = "a function of the Kerberos library is called")]

use core::ffi::c_void;
use core::ptr;
use std::ffi::CString;

use libgssapi::credential::Cred;
use libgssapi::error::{Error, MajorFlags};
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE, GSS_NT_KRB5_PRINCIPAL, Oid};
use libgssapi_sys as sys;

use super::KerberosError;

/// What credentials are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Accept,
    Initiate,
}

/// Whose credentials.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose<'a> {
    /// Anybody's that are in the store.
    Any,
    /// `smtp@host`.
    Service(&'a str),
    /// `tim@REALM`.
    Principal(&'a str),
}

/// Where they are: a kind that the library knows (`keytab`, `ccache`, `client_keytab`), and its name.
pub(super) type Store<'a> = [(&'static str, &'a str)];

/// Finds credentials for Kerberos in this store, or without one where the environment of the process says.
/// It may ask the KDC, and so may block.
pub(super) fn acquire(
    usage: Usage,
    whose: Whose<'_>,
    store: &Store<'_>,
) -> Result<Cred, KerberosError> {
    let name = match whose {
        Whose::Any => Name(ptr::null_mut()),
        Whose::Service(name) => Name::import(name, GSS_NT_HOSTBASED_SERVICE)?,
        Whose::Principal(name) => Name::import(name, GSS_NT_KRB5_PRINCIPAL)?,
    };
    let text = |text: &str| {
        CString::new(text).map_err(|_| KerberosError::Name(text.escape_debug().to_string()))
    };
    let entry = |(key, value): &(&str, &str)| Ok::<_, KerberosError>((text(key)?, text(value)?));
    let entries = store.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let mut elements: Vec<_> = entries
        .iter()
        .map(|(key, value)| sys::gss_key_value_element_desc {
            key: key.as_ptr(),
            value: value.as_ptr(),
        })
        .collect();
    let count = u32::try_from(elements.len()).unwrap_or(0);
    let set = sys::gss_key_value_set_desc { count, elements: elements.as_mut_ptr() };
    let mut mechanism = oid(GSS_MECH_KRB5);
    let mut mechanisms = sys::gss_OID_set_desc { count: 1, elements: &mut mechanism };
    let usage = match usage {
        Usage::Accept => sys::GSS_C_ACCEPT,
        Usage::Initiate => sys::GSS_C_INITIATE,
    };
    let (mut minor, mut found) = (0, ptr::null_mut());
    // SAFETY: all that is pointed to lives until the call is over, and the library keeps none of it: the
    // name, the set of mechanisms, and the store with its strings, which end with a NUL. What the library
    // gives is released by `Cred`, its only owner.
    let major = unsafe {
        sys::gss_acquire_cred_from(
            &mut minor,
            name.0,
            sys::_GSS_C_INDEFINITE,
            &mut mechanisms,
            usage as sys::gss_cred_usage_t,
            if count == 0 { ptr::null() } else { &set },
            &mut found,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if major == sys::GSS_S_COMPLETE {
        // SAFETY: it was just made, and nobody else has it.
        Ok(unsafe { Cred::from_c(found) })
    } else {
        Err(failed(major, minor))
    }
}

/// A name of the library's, or none.
struct Name(sys::gss_name_t);

impl Name {
    fn import(text: &str, kind: Oid<'static>) -> Result<Self, KerberosError> {
        let mut buffer = sys::gss_buffer_desc {
            length: text.len(),
            value: text.as_ptr().cast_mut().cast::<c_void>(),
        };
        let mut kind = oid(kind);
        let (mut minor, mut name) = (0, ptr::null_mut());
        // SAFETY: the library reads the buffer and the kind, and copies what it keeps.
        let major = unsafe { sys::gss_import_name(&mut minor, &mut buffer, &mut kind, &mut name) };
        if major == sys::GSS_S_COMPLETE { Ok(Self(name)) } else { Err(failed(major, minor)) }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if !self.0.is_null() {
            let mut minor = 0;
            // SAFETY: it was made by the library, and nobody uses it any more.
            unsafe { sys::gss_release_name(&mut minor, &mut self.0) };
        }
    }
}

/// An object identifier as the library has it; it is only read.
fn oid(oid: Oid<'static>) -> sys::gss_OID_desc {
    let octets: &[u8] = &oid;
    sys::gss_OID_desc {
        length: u32::try_from(octets.len()).unwrap_or(0),
        elements: octets.as_ptr().cast_mut().cast::<c_void>(),
    }
}

fn failed(major: u32, minor: u32) -> KerberosError {
    KerberosError::library(Error { major: MajorFlags::from_bits_retain(major), minor })
}
