using System.Globalization;
using System.Net;
using Authorization = Broker.Gateway.Security.Authorization;
using System.Text;
using Broker.Gateway.Security;
using Broker.Gateway.Telemetry;
using Broker.Policies;
using Broker.Serving.Hosting;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Broker.Serving.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>
/// Looks at each request before anything else does: whether it had to come encrypted (spec 3.1), and, where there is a file of
/// users, who sent it and what they may do. nsqd knows no log-in over HTTP, and auth servers are not asked about it either.
/// </summary>
/// <param name="options">Who must use TLS.</param>
/// <param name="access">Who knows the users.</param>
/// <param name="bound">Where HTTPS is served.</param>
/// <param name="refusals">Counts what is refused.</param>
internal sealed class HttpGate(IOptions<GatewayOptions> options, AccessControl access, BoundAddresses bound, Refusals refusals) : IHttpGate
{
    private const string BasicScheme = "Basic ";

    private readonly bool _isTlsRequired = options.Value.Tls.Required == TlsRequirement.All;
    private readonly IAuthenticator? _users = access.IsFile ? access.Authenticator : null;

    /// <inheritdoc/>
    public Task PassAsync(HttpContext context, RequestDelegate next)
    {
        if (_isTlsRequired && !context.Request.IsHttps)
            return RequireTlsAsync(context);
        return _users is null ? next(context) : AuthorizeAsync(_users, context, next);
    }

    private Task RequireTlsAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        // nsqd writes this one by hand, spaces and all, and clients look for the port in it.
        string body = string.Create(CultureInfo.InvariantCulture, $"{{\"message\": \"TLS_REQUIRED\", \"https_port\": {bound.HttpsPort}}}");
        return V1Result.WriteAsync(context, V1Result.JsonType, Encoding.UTF8.GetBytes(body));
    }

    private async Task AuthorizeAsync(IAuthenticator users, HttpContext context, RequestDelegate next)
    {
        string path = context.Request.Path.Value ?? "";
        // What watches over a broker asks this, and it tells nothing else.
        if (path is "/ping" or "/health/live" or "/health/ready")
        {
            await next(context);
            return;
        }
        Authorization? known = ReadCredentials(context) is { } credentials
            ? await users.AuthenticateAsync(credentials, context.RequestAborted)
            : null;
        if (known is null)
        {
            Count(context);
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"broker\", charset=\"UTF-8\"";
            await V1Error.Unauthorized.ExecuteAsync(context);
        }
        else if (IsAllowed(known, context, path))
        {
            await next(context);
        }
        else
        {
            Count(context);
            await V1Error.Forbidden.ExecuteAsync(context);
        }
    }

    private static bool IsAllowed(Authorization known, HttpContext context, string path)
    {
        bool isGet = HttpMethods.IsGet(context.Request.Method);
        if (isGet && path is ("/stats" or "/info" or "/metrics"))
            return true;
        QueryParameters? parameters = QueryParameters.Of(context.Request);
        string topic = parameters?.Find("topic") ?? "";
        return path is "/pub" or "/mpub"
            ? known.Allows(Permissions.Publish, topic, "")
            : known.Allows(Permissions.Admin, topic, parameters?.Find("channel") ?? "");
    }

    /// <summary>A user's name and secret from the header; null when there are none.</summary>
    private static Credentials? ReadCredentials(HttpContext context)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(BasicScheme, StringComparison.OrdinalIgnoreCase))
            return null;
        string encoded = header[BasicScheme.Length..].Trim();
        byte[] secret = new byte[encoded.Length];
        return Convert.TryFromBase64String(encoded, secret, out int length)
            ? new Credentials(
                secret.AsMemory(0, length),
                AddressOf(context.Connection.RemoteIpAddress),
                context.Request.IsHttps,
                TlsServer.CommonNameOf(context.Connection.ClientCertificate))
            : null;
    }

    private static string AddressOf(IPAddress? address) =>
        address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    private void Count(HttpContext context) => refusals.Add(RefusalReason.NotAuthorized, context.Connection.RemoteIpAddress);
}
