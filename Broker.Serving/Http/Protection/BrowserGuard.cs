using System.Net;
using Broker.Serving.Http.Replies;
using Broker.Serving.Limits;
using Microsoft.AspNetCore.Http;

namespace Broker.Serving.Http.Protection;

/// <summary>
/// Refuses what another site has a browser send here. A browser reaches what listens on loopback, and whoever serves it a page can have
/// it ask under a name of their own that they point there (DNS rebinding), or send a form. Browsers tell of both: by the host that
/// they believe to speak to, and by the origin of what changes something. Programs name a host of ours and no origin.
/// </summary>
/// <param name="options">What is allowed besides.</param>
/// <param name="ownHosts">Names that this server listens by or is told to others by; empty ones are none.</param>
/// <param name="refusals">Counts what is refused.</param>
public sealed class BrowserGuard(HttpOptions options, IEnumerable<string> ownHosts, Refusals refusals)
{
    private const string Any = "*";
    private const string Localhost = "localhost";

    private readonly HashSet<string> _hosts = new([.. ownHosts.Where(static host => host.Length > 0), .. options.AllowedHosts], StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _origins = new(options.AllowedOrigins.Select(Normalize), StringComparer.OrdinalIgnoreCase);

    /// <summary>The answer to a request that is refused; null for one that is not.</summary>
    /// <param name="context">The request.</param>
    /// <param name="checksHost">Whether nothing but its address keeps others from what is served.</param>
    /// <param name="checksOrigin">Whether no page of what is served changes anything.</param>
    internal V1Error? Check(HttpContext context, bool checksHost, bool checksOrigin)
    {
        HttpRequest request = context.Request;
        if (checksHost && !IsOwn(request.Host.Host))
            return Refuse(context, Uri.CheckHostName(request.Host.Host) != UriHostNameType.Unknown
                ? $"Host '{request.Host.Host}' is not allowed; use an address, or add --http-allowed-host={request.Host.Host}"
                : "this host is not allowed; use an address, or add its name with --http-allowed-host");
        if (checksOrigin && Changes(request.Method) && IsOfPage(request) && !IsAllowed(request.Headers.Origin.ToString()))
            return Refuse(context, "a browser may not send this for another site's page; add its origin with --http-allowed-origin");
        return null;
    }

    private static bool Changes(string method) => !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method);

    // What a user types into a browser has no origin and says "none".
    private static bool IsOfPage(HttpRequest request) =>
        request.Headers.Origin.Count > 0 || request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" or "same-origin";

    // Nobody can point an address elsewhere; a request without a host is no browser's.
    private bool IsOwn(string host) =>
        host.Length == 0
        || host.Equals(Localhost, StringComparison.OrdinalIgnoreCase)
        || host.EndsWith($".{Localhost}", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host, out _)
        || _hosts.Contains(host)
        || _hosts.Contains(Any);

    private bool IsAllowed(string origin) => _origins.Contains(Any) || _origins.Contains(Normalize(origin));

    // Browsers leave the usual port out.
    private static string Normalize(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? url) ? url.GetLeftPart(UriPartial.Authority) : origin;

    private V1Error Refuse(HttpContext context, string why)
    {
        refusals.Add(RefusalReason.ForeignSite, context.Connection.RemoteIpAddress);
        return V1Error.Of(StatusCodes.Status403Forbidden, why);
    }
}
