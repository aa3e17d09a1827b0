//! What is wrong with the registration, the provider profile or the request: every account of the
//! profile keeps its grant.

use super::next::{
    ADD_PERMISSION, ADD_SECRET, APP_ROLE, ASK_SUPPORT, CHECK_CERTIFICATE, CHECK_CLAIMS,
    CHECK_CLOUD, CHECK_FEDERATED, CHECK_MANIFEST, CHECK_TENANT, CONSENT_ALL, ENABLE_APP,
    ENABLE_SERVICE, MULTITENANT, NEW_SECRET, REGISTER_AS_WEB, REGISTER_OWN, REMOVE_SECRET,
    RESTRICT,
};
use super::place::{
    AUTHENTICATION, CLAIMS, CREDENTIALS, ENTERPRISE_APP, GRANT_CONSENT, LICENCES, PERMISSIONS,
    REGISTRATION, REGISTRATIONS, SIGN_IN_LOG,
};
use super::source::{AMBIGUOUS, CODES, SMTP_WIKI, US_GOVERNMENT};
use crate::error_catalogue::Row;
use crate::error_catalogue::next::{
    ADD_REDIRECT, CHECK_CLIENT, CHECK_CLOCK, CHECK_ENDPOINTS, CHECK_SCOPES, REPORT,
};
use crate::error_catalogue::rows::rows;

pub(super) static ROWS: &[Row] = rows! { Microsoft;
    Profile Operator "invalid_scope" [28000]
        "The scopes belong to more than one resource."
        CHECK_SCOPES at PERMISSIONS from SMTP_WIKI;
    Profile Operator "invalid_scope" [700022]
        "The scopes belong to more than one resource."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_scope" [28002, 70011]
        "One of the scopes is not valid."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_scope" [28003]
        "The scopes are empty."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_scope" [700023]
        "One of the scopes names no resource."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_client" [650053]
        "One of the scopes does not exist at the resource it belongs to; a scope without an \
         address in front counts as Microsoft Graph's."
        CHECK_SCOPES at PERMISSIONS from "https://github.com/O365/python-o365/issues/551";
    Profile Operator "invalid_resource" [50001]
        "The resource of the scopes is disabled or does not exist."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_resource" [500011]
        "The resource of the scopes does not exist in this tenant."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_resource" [650054]
        "The resource of the scopes was removed."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_resource" [901002]
        "The request names a resource in a way that Microsoft no longer takes."
        CHECK_ENDPOINTS at REGISTRATION from CODES;
    Profile Operator "invalid_resource" [90009]
        "The registration asks for a token for itself under a name that Microsoft does not \
         take."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_request" [50011]
        "Mailgrant's redirect URI is not registered at Microsoft; capital letters and a slash \
         at the end count."
        ADD_REDIRECT at AUTHENTICATION from CODES;
    Profile Operator "invalid_request" [500112]
        "The redirect URI of the second step is not that of the first."
        ADD_REDIRECT at AUTHENTICATION from "https://github.com/PartnerCenterSamples/Reseller-Web-Application/issues/73";
    Profile Operator "invalid_request" [500113]
        "The registration at Microsoft has no redirect URI."
        ADD_REDIRECT at AUTHENTICATION from "https://github.com/microsoftgraph/msgraph-sdk-python-core/issues/50";
    Profile Operator "invalid_request" [900971]
        "The request names no redirect URI."
        ADD_REDIRECT at AUTHENTICATION from CODES;
    Profile Operator "invalid_request" [70004]
        "Mailgrant's redirect URI is not valid at Microsoft."
        ADD_REDIRECT at AUTHENTICATION from CODES;
    Profile Operator "invalid_request" [90102]
        "The request holds an address that Microsoft does not take as one."
        ADD_REDIRECT at AUTHENTICATION from CODES;
    Profile Operator "invalid_request" [9002326]
        "The request came as from a single-page application, and the redirect URI is not \
         registered as one."
        REGISTER_AS_WEB at AUTHENTICATION from "https://github.com/vippsas/vipps-ecom-api/issues/246";
    Profile Operator "invalid_request" [9002327]
        "The redirect URI is registered as a single-page application's, so Microsoft gives \
         tokens to browsers only."
        REGISTER_AS_WEB at AUTHENTICATION from "https://github.com/AzureAD/microsoft-authentication-library-for-js/issues/2482";
    Profile Operator "invalid_client" [50003]
        "The registration has no signing key where Microsoft needs one."
        NEW_SECRET at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [50012, 700027] about credential
        "Microsoft does not accept Mailgrant's client certificate: it is not registered, has \
         expired, or belongs to another key."
        CHECK_CERTIFICATE at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [50017] about credential
        "Microsoft cannot check the chain of the client certificate."
        CHECK_CERTIFICATE at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [700030] about credential
        "The name in the client certificate is not allowed for this registration."
        CHECK_CERTIFICATE at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [50006, 50027, 50048, 50099, 900384] about credential
        "Microsoft does not accept the signed statement with which Mailgrant proves itself."
        CHECK_CERTIFICATE at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [50013, 500133] about credential
        "The signed statement with which Mailgrant proves itself is outside its time, or made \
         for somebody else."
        CHECK_CLOCK at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [700021] about credential
        "The signed statement with which Mailgrant proves itself names another client id than the \
         profile."
        CHECK_CLIENT at CREDENTIALS from "https://learn.microsoft.com/entra/identity-platform/certificate-credentials";
    Profile Operator "invalid_client" [700024] about credential
        "The signed statement with which Mailgrant proves itself is outside its time."
        CHECK_CLOCK at CREDENTIALS from "https://github.com/AzureAD/microsoft-authentication-library-for-dotnet/issues/4951";
    Profile Operator "invalid_client" [1000502] about credential
        "The client certificate is outside its time."
        CHECK_CERTIFICATE at CREDENTIALS from "https://github.com/AzureAD/microsoft-identity-web/pull/2840";
    Profile Operator "invalid_client" [50032] about credential
        "The key of the client certificate is too weak for Microsoft."
        CHECK_CERTIFICATE at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [220501] about credential
        "Microsoft cannot load the list of revoked certificates that the certificate names."
        CHECK_CERTIFICATE at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [50146]
        "The registration needs a signing key of its own."
        CHECK_MANIFEST at REGISTRATION from CODES;
    Profile Operator "invalid_request" [501461]
        "The registration asks for claims in a way that Microsoft allows for its own address \
         only."
        CHECK_MANIFEST at REGISTRATION from CODES;
    Profile Operator "invalid_request" [50100, 50101, 50102, 50103, 50108, 50109, 50111, 50123, 50124, 50163]
        "The claims that were set up for this application cannot be reckoned."
        CHECK_CLAIMS at CLAIMS from CODES;
    Profile Operator "invalid_request" [50165]
        "The registration wants the token encrypted in a way that Microsoft does not do."
        CHECK_MANIFEST at REGISTRATION from CODES;
    Profile Operator "invalid_client" [70002] about credential
        "Microsoft does not accept Mailgrant's client secret."
        NEW_SECRET at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [7000215] about credential
        "Microsoft does not accept the client secret; often the secret's id was entered \
         instead of its value."
        NEW_SECRET at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [7000218] about credential
        "Microsoft wants a client secret or certificate for this registration."
        ADD_SECRET at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [7000216] about credential
        "The request came without a client secret or certificate."
        ADD_SECRET at CREDENTIALS from "https://github.com/MicrosoftDocs/azure-docs/issues/30777";
    Profile Operator "invalid_client" [7000222] about credential
        "The client secret has expired; every mailbox of this registration waits for a new \
         one."
        NEW_SECRET at CREDENTIALS from CODES;
    Profile Operator "invalid_client" [700025] about credential
        "The registration is a public client's, which must not send a secret."
        REMOVE_SECRET at AUTHENTICATION from CODES;
    Profile Operator "invalid_client" [7000110]
        "The authorization was given to another client id than the one that Mailgrant sends."
        CHECK_CLIENT at CREDENTIALS from AMBIGUOUS;
    Profile Operator "invalid_client" [700211, 700212, 700213] about credential
        "The federated credential in the registration does not fit the token that this \
         machine shows."
        CHECK_FEDERATED at CREDENTIALS from "https://github.com/Azure/azure-workload-identity/issues/1200";
    Profile Operator "invalid_client" [7002137] about credential
        "The federated credential in the registration does not fit the token that this \
         machine shows."
        CHECK_FEDERATED at CREDENTIALS from "https://github.com/microsoft/Agents/issues/202";
    Profile Operator "invalid_client" [7002138] about credential
        "The federated credential differs in capital letters from the token that this machine \
         shows."
        CHECK_FEDERATED at CREDENTIALS from "https://github.com/Azure/login/issues/517";
    Profile Operator "invalid_client" [700229] about credential
        "Microsoft takes only a token of an application, not of a person, as a federated \
         credential."
        CHECK_FEDERATED at CREDENTIALS from CODES;
    Profile Operator "unauthorized_client" [70001, 700011, 700016]
        "Microsoft does not know this client id in this tenant."
        CHECK_CLIENT at REGISTRATION from CODES;
    Profile Operator "invalid_request" [90112]
        "The client id is not written as Microsoft's are."
        CHECK_CLIENT at REGISTRATION from CODES;
    Profile Operator "unauthorized_client" [65002]
        "The client id belongs to Microsoft itself."
        REGISTER_OWN at REGISTRATIONS from CODES;
    Profile Operator "unauthorized_client" [7000114]
        "The registration may not ask on behalf of another application's token."
        CHECK_CLIENT at REGISTRATION from CODES;
    Profile Operator "unauthorized_client" [650057]
        "The registration does not list the resource that the scopes ask for."
        ADD_PERMISSION at PERMISSIONS from CODES;
    Profile Operator "unauthorized_client" [65005, 650056]
        "The registration does not list the permission that the scopes ask for, or nobody has \
         consented to it."
        ADD_PERMISSION at PERMISSIONS from CODES;
    Profile Operator "unauthorized_client" [90008]
        "The registration does not even list the permission to sign in and read the profile."
        ADD_PERMISSION at PERMISSIONS from CODES;
    Profile Operator "unauthorized_client" [650059]
        "The registration is for its own organisation only."
        MULTITENANT at AUTHENTICATION from CODES;
    Profile Operator "invalid_request" [50194]
        "The registration is for one tenant only, and the profile names none."
        CHECK_TENANT at REGISTRATION from CODES;
    Profile Operator "invalid_request" [90002]
        "Microsoft does not know this tenant; often a typing mistake, or another of \
         Microsoft's clouds."
        CHECK_TENANT at REGISTRATION from CODES;
    Profile Operator "invalid_request" [900023]
        "The tenant in the profile is neither an id nor a domain."
        CHECK_TENANT at REGISTRATION from "https://github.com/microsoft/Analysis-Services/issues/194";
    Profile Operator "invalid_request" [50029]
        "The tenant in the profile has characters that a domain cannot have."
        CHECK_TENANT at REGISTRATION from CODES;
    Profile Operator "invalid_request" [50059, 50128, 90019]
        "The request does not say which tenant it is for."
        CHECK_TENANT at REGISTRATION from CODES;
    Profile Operator "invalid_request" [9001023, 90124, 90130]
        "This way of asking needs a tenant of its own; the common entrance does not serve it."
        CHECK_TENANT at REGISTRATION from CODES;
    Profile Operator "invalid_request" [9002332]
        "The registration is for organisations only, and the profile names personal accounts."
        CHECK_TENANT at REGISTRATION from CODES;
    Profile Operator "invalid_request" [500201]
        "The profile's endpoints cannot serve personal accounts."
        CHECK_ENDPOINTS at REGISTRATION from "https://github.com/clocked0ne/passport-outlook/issues/16";
    Profile Operator "invalid_request" [90027]
        "The profile's endpoints cannot serve personal accounts."
        CHECK_ENDPOINTS at REGISTRATION from CODES;
    Profile Operator "invalid_request" [700005]
        "The code was to be redeemed at another tenant than it was given at."
        CHECK_TENANT at REGISTRATION from CODES;
    Profile Operator "invalid_request" [50049, 90051]
        "Microsoft does not know this cloud."
        CHECK_CLOUD at REGISTRATION from CODES;
    Profile Operator "invalid_request" [90038, 900382, 900432, 90043]
        "The tenant lives in another of Microsoft's clouds."
        CHECK_CLOUD at REGISTRATION from CODES;
    Profile Operator "invalid_request" [900439]
        "The registration lives in Microsoft's US government cloud."
        CHECK_CLOUD at REGISTRATION from US_GOVERNMENT;
    Profile Operator "unsupported_grant_type" [70003]
        "Microsoft does not support this way of asking for this registration."
        CHECK_CLIENT at AUTHENTICATION from CODES;
    Profile Operator "unsupported_response_type" [70005, 700054]
        "The registration does not allow the answer that was asked for."
        CHECK_CLIENT at AUTHENTICATION from CODES;
    Profile Operator "invalid_request" [70007]
        "Microsoft does not support this way of answering."
        CHECK_ENDPOINTS at REGISTRATION from CODES;
    Profile Operator "invalid_request" [50147, 501491]
        "The proof key of the sign-in has the wrong length."
        REPORT from CODES;
    Profile Operator "invalid_request" [50149]
        "The kind of the sign-in's proof key is not known to Microsoft."
        REPORT from CODES;
    Profile Operator "invalid_request" [90004, 90013, 90014, 90023, 90100, 900144, 90117, 90121, 165900, 50050]
        "Microsoft finds Mailgrant's request incomplete or wrong."
        CHECK_ENDPOINTS at REGISTRATION from CODES;
    Profile Operator "invalid_request" [90005]
        "The request names an account twice, in two ways that exclude each other."
        REPORT from CODES;
    Profile Operator "invalid_request" [90015]
        "The address of the sign-in is too long for Microsoft."
        CHECK_SCOPES at PERMISSIONS from CODES;
    Profile Operator "invalid_request" [240002]
        "Microsoft does not take this token as a proof."
        CHECK_CLIENT at REGISTRATION from CODES;
    Profile Operator "server_error" [90036, 90092]
        "Microsoft's directory failed for good with this request."
        ASK_SUPPORT at SIGN_IN_LOG from CODES;
    Profile Tenant "unauthorized_client" [7000112]
        "The application is disabled in the tenant."
        ENABLE_APP at ENTERPRISE_APP from CODES;
    Profile Tenant "unauthorized_client" [1000031]
        "The application cannot be used in this tenant at this time."
        ENABLE_APP at ENTERPRISE_APP from CODES;
    Profile Tenant "invalid_resource" [500014]
        "The service that the scopes belong to is disabled in the tenant; a licence may have \
         ended."
        ENABLE_SERVICE at LICENCES from CODES;
    Profile Tenant "invalid_resource" [650052]
        "The organisation has not subscribed to the service that the scopes belong to."
        ENABLE_SERVICE at LICENCES from CODES;
    Profile Tenant "unauthorized_client" [501051]
        "The application itself has not been given a role at the service."
        APP_ROLE at GRANT_CONSENT from "https://doc.nais.io/security/auth/azure-ad/faq-troubleshooting/";
    Profile Tenant "unauthorized_client" [90099]
        "The organisation has not allowed the application for administrators of partners."
        CONSENT_ALL at GRANT_CONSENT from CODES;
    Profile Tenant "invalid_request" [500021, 500022, 50002]
        "The network of Mailgrant's machine lets it reach certain tenants only, and this is \
         none of them."
        RESTRICT from CODES;
};
