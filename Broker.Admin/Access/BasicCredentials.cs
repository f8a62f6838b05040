using System.Text;
using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>Name and password of basic authentication, as scripts send them.</summary>
/// <param name="Name">The name.</param>
/// <param name="Password">The password.</param>
internal sealed record BasicCredentials(string Name, string Password)
{
    private const string Scheme = "Basic ";

    /// <summary>Those of a request; null when it has none.</summary>
    public static BasicCredentials? Of(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        byte[] bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), bytes, out int length))
            return null;
        string text = Encoding.UTF8.GetString(bytes, 0, length);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : new BasicCredentials(text[..colon], text[(colon + 1)..]);
    }
}
