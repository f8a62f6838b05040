using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>What browsers are told about what may happen on a page: nothing but what this site itself serves.</summary>
internal static class SecurityHeaders
{
    /// <summary>No inline script or style, nothing from elsewhere, no frames, no forms to elsewhere.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Sets the headers of an answer.</summary>
    /// <param name="headers">The answer's.</param>
    /// <param name="imagesFrom">An origin that images may come from too; null for none.</param>
    public static void Apply(IHeaderDictionary headers, string? imagesFrom)
    {
        headers.ContentSecurityPolicy = imagesFrom is null
            ? Policy
            : Policy.Replace("img-src 'self'", $"img-src 'self' {imagesFrom}", StringComparison.Ordinal);
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
    }
}
