use super::CertificateFault;
use core::fmt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use std::sync::{Arc, Mutex, PoisonError};

/// Asks another verifier and keeps what it said, for one handshake.
pub(super) struct Recorder {
    inner: Arc<dyn ServerCertVerifier>,
    accept_any: bool,
    verdict: Mutex<Verdict>,
}

/// The first fault stays: a signature that is right must not hide a certificate that is wrong.
enum Verdict {
    Unasked,
    Valid,
    Fault(CertificateFault),
}

impl Recorder {
    pub(super) fn new(inner: Arc<dyn ServerCertVerifier>, accept_any: bool) -> Self {
        Self { inner, accept_any, verdict: Mutex::new(Verdict::Unasked) }
    }

    /// What was said of the certificate. Nothing said is not valid.
    pub(super) fn verdict(&self) -> Result<(), CertificateFault> {
        match &*self.verdict.lock().unwrap_or_else(PoisonError::into_inner) {
            Verdict::Valid => Ok(()),
            Verdict::Fault(fault) => Err(fault.clone()),
            Verdict::Unasked => Err(CertificateFault::Unverified),
        }
    }

    fn keep_valid(&self) {
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*verdict, Verdict::Unasked) {
            *verdict = Verdict::Valid;
        }
    }

    /// Keeps a fault; what is returned is whether the handshake goes on, and how.
    fn keep_fault<T>(&self, fault: CertificateFault, error: Error, go_on: T) -> Result<T, Error> {
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*verdict, Verdict::Fault(_)) {
            *verdict = Verdict::Fault(fault);
        }
        if self.accept_any { Ok(go_on) } else { Err(error) }
    }

    /// A signature of the handshake shows that the server has the key of its certificate, and no more.
    fn keep_signature(
        &self,
        result: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        result.or_else(|error| {
            let fault = CertificateFault::of_signature(&error);
            self.keep_fault(fault, error, HandshakeSignatureValid::assertion())
        })
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        ) {
            Ok(valid) => {
                self.keep_valid();
                Ok(valid)
            }
            Err(error) => {
                let fault = CertificateFault::of_certificate(
                    &error,
                    end_entity,
                    intermediates,
                    server_name,
                );
                self.keep_fault(fault, error, ServerCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.keep_signature(self.inner.verify_tls12_signature(message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.keep_signature(self.inner.verify_tls13_signature(message, certificate, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.inner.root_hint_subjects()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("accept_any", &self.accept_any).finish_non_exhaustive()
    }
}
