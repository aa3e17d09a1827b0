//! Real peers for the tests, started on loopback ports of their own and stopped when dropped:
//! Dovecot, oidc-provider, PostgreSQL, Chromium. Never part of the product.
