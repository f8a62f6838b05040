using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Broker.Gateway.Telemetry;
using Broker.Policies;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Security;

/// <summary>
/// Asks auth servers over HTTP as nsqd does (spec 1.8): beginning with any of them, one after the other, until one answers as it
/// should. What went wrong is logged by the server's address alone; a request's URL has the client's secret in it.
/// </summary>
public sealed class HttpAuthenticator : IAuthenticator, IDisposable
{
    // An answer is held in memory and compiled: more than this is no list of somebody's permissions.
    private const long MaxAnswerBytes = 1 << 20;

    private static readonly MediaTypeWithQualityHeaderValue Accepted = MediaTypeWithQualityHeaderValue.Parse("application/vnd.nsq; version=1.0");
    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"u8);

    private readonly IReadOnlyList<(string Name, string Url)> _servers;
    private readonly bool _usesPost;
    private readonly HttpClient _client;
    private readonly ILogger _logger;

    /// <param name="options">Where the servers are and how they are asked.</param>
    /// <param name="rootCaFile">Path of the authorities that servers are verified with; empty for the system's.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="CertificateException">The authorities cannot be read.</exception>
    public HttpAuthenticator(AuthOptions options, string rootCaFile, ILogger logger)
    {
        _servers = [.. options.HttpAddresses.Select(static address => (NameOf(address), UrlOf(address)))];
        _usesPost = options.UsePost;
        _logger = logger;
        SocketsHttpHandler handler = new()
        {
            // As nsqd: what the environment says of proxies is not for this.
            UseProxy = false,
            ConnectTimeout = Limit(options.ConnectTimeout),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        };
        if (rootCaFile.Length > 0)
            handler.SslOptions = VerifiedBy(CertificateFiles.ReadAll("tls-root-ca-file", rootCaFile));
        _client = new HttpClient(handler)
        {
            Timeout = Limit(options.RequestTimeout),
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<Authorization?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        int first = Random.Shared.Next(_servers.Count);
        for (int i = 0; i < _servers.Count; i++)
        {
            (string name, string url) = _servers[(first + i) % _servers.Count];
            try
            {
                return await AskAsync(url, credentials, cancellationToken);
            }
            catch (Exception e) when (e is HttpRequestException or JsonException or IOException || IsTimeout(e, cancellationToken))
            {
                _logger.AuthServerFailed(name, CauseOf(e));
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<Authorization> AskAsync(string url, Credentials credentials, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = _usesPost
            ? new HttpRequestMessage(HttpMethod.Post, url) { Content = BodyOf(credentials) }
            : new HttpRequestMessage(HttpMethod.Get, new Uri($"{url}?{QueryOf(credentials)}"));
        request.Headers.Accept.Add(Accepted);
        using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new HttpRequestException($"status {(int)response.StatusCode}");
        byte[] json = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        AuthAnswer? answer = JsonSerializer.Deserialize(json, AuthJson.Default.AuthAnswer);
        return (answer ?? new AuthAnswer()).ToAuthorization();
    }

    private static bool IsTimeout(Exception exception, CancellationToken cancellationToken) =>
        exception is OperationCanceledException && !cancellationToken.IsCancellationRequested;

    // Messages of the HTTP client name hosts and ports, never a query.
    private static string CauseOf(Exception exception) => exception is OperationCanceledException ? "no answer in time" : exception.Message;

    private static TimeSpan Limit(TimeSpan timeout) => timeout > TimeSpan.Zero ? timeout : Timeout.InfiniteTimeSpan;

    private static string UrlOf(string address) => address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}/auth";

    /// <summary>A URL may carry a password, which no log needs.</summary>
    private static string NameOf(string address) =>
        address.Contains("://", StringComparison.Ordinal) && Uri.TryCreate(address, UriKind.Absolute, out Uri? url) ? url.Authority : address;

    // In the order in which Go writes a query: by name.
    private static string QueryOf(Credentials credentials) =>
        $"common_name={Escape(Encoding.UTF8.GetBytes(credentials.CommonName))}&remote_ip={Escape(Encoding.UTF8.GetBytes(credentials.RemoteAddress))}"
        + $"&secret={Escape(credentials.Secret.Span)}&tls={(credentials.IsTls ? "true" : "false")}";

    /// <summary>Escapes as Go does. A secret is bytes, and they arrive as they are.</summary>
    private static string Escape(ReadOnlySpan<byte> bytes)
    {
        StringBuilder escaped = new(bytes.Length);
        foreach (byte b in bytes)
        {
            if (Unreserved.Contains(b))
                escaped.Append((char)b);
            else if (b == (byte)' ')
                escaped.Append('+');
            else
                escaped.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return escaped.ToString();
    }

    private static ByteArrayContent BodyOf(Credentials credentials)
    {
        using MemoryStream body = new();
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            Write(json, "common_name", credentials.CommonName);
            Write(json, "remote_ip", credentials.RemoteAddress);
            Write(json, "secret", Encoding.UTF8.GetString(credentials.Secret.Span));
            Write(json, "tls", credentials.IsTls ? "true" : "false");
            json.WriteEndObject();
        }
        return new ByteArrayContent(body.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private static void Write(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartArray(name);
        json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static SslClientAuthenticationOptions VerifiedBy(X509Certificate2Collection roots)
    {
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck, TrustMode = X509ChainTrustMode.CustomRootTrust };
        policy.CustomTrustStore.AddRange(roots);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
    }
}
