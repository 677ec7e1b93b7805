//! Two phones and a QR code to one shared secret and each other's identity.
