using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Broker.Admin;

/// <summary>
/// Asks brokers and lookup services over their HTTP APIs (spec 5.1). Where plain HTTP is refused with the port of HTTPS, that is
/// asked instead.
/// </summary>
public sealed class NodeClient : IDisposable
{
    private const string Accept = "application/vnd.nsq; version=1.0";
    private const int ErrorTextLimit = 500;

    private readonly HttpClient _remote;
    private readonly OwnSites _own;
    private readonly TimeSpan _patience;

    /// <param name="options">Time limits and certificates.</param>
    /// <param name="own">What is served by this process, and need not be asked over the network.</param>
    /// <exception cref="AdminSettingsException">A certificate cannot be used; the message says which and why.</exception>
    public NodeClient(AdminOptions options, OwnSites own)
    {
        _own = own;
        _patience = options.RequestTimeout > TimeSpan.Zero ? options.RequestTimeout : Timeout.InfiniteTimeSpan;
        _remote = new HttpClient(CreateHandler(options)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Gets JSON.</summary>
    /// <param name="authority">host:port.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="type">What the answer is.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="UpstreamException">It did not answer, or with an error.</exception>
    public async Task<T> GetAsync<T>(string authority, string path, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        string url = $"http://{authority}{path}";
        return await AskAsync(url, HttpMethod.Get, ReadOnlyMemory<byte>.Empty, async (response, token) =>
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(token);
            return await JsonSerializer.DeserializeAsync(body, type, token) ?? throw new JsonException("the answer is null");
        }, cancellation);
    }

    /// <summary>Gets a text that has a tag.</summary>
    /// <param name="authority">host:port.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="UpstreamException">It did not answer, or with an error.</exception>
    public Task<(string Text, string Tag)> GetTaggedAsync(string authority, string path, CancellationToken cancellation) => AskAsync(
        $"http://{authority}{path}", HttpMethod.Get, ReadOnlyMemory<byte>.Empty,
        static async (response, token) => (await response.Content.ReadAsStringAsync(token), response.Headers.ETag?.ToString() ?? ""), cancellation);

    /// <summary>Replaces something.</summary>
    /// <param name="authority">host:port.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="body">What replaces it.</param>
    /// <param name="tag">The tag of what is replaced; empty for whatever it is.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="UpstreamException">It did not answer, or with an error.</exception>
    public Task PutAsync(string authority, string path, ReadOnlyMemory<byte> body, string tag, CancellationToken cancellation) =>
        AskAsync($"http://{authority}{path}", HttpMethod.Put, body, static (_, _) => Task.FromResult(true), cancellation, tag);

    /// <summary>Has something done.</summary>
    /// <param name="authority">host:port.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="body">What is sent along.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="UpstreamException">It did not answer, or with an error.</exception>
    public Task PostAsync(string authority, string path, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
        AskAsync($"http://{authority}{path}", HttpMethod.Post, body, static (_, _) => Task.FromResult(true), cancellation);

    /// <inheritdoc/>
    public void Dispose() => _remote.Dispose();

    /// <summary>How nodes, and whoever else is asked over HTTP, are connected to.</summary>
    /// <exception cref="AdminSettingsException">A certificate cannot be used; the message says which and why.</exception>
    internal static SocketsHttpHandler CreateHandler(AdminOptions options)
    {
        SslClientAuthenticationOptions tls = new();
        try
        {
            if (options.TlsCertificateFile.Length > 0)
                tls.ClientCertificates = [X509Certificate2.CreateFromPemFile(options.TlsCertificateFile, options.TlsKeyFile)];
            if (options.TlsRootCaFile.Length > 0)
            {
                X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                policy.CustomTrustStore.ImportFromPemFile(options.TlsRootCaFile);
                tls.CertificateChainPolicy = policy;
            }
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new AdminSettingsException($"the certificates for connecting to nodes cannot be used: {e.Message}", e);
        }
        if (options.TlsInsecureSkipVerify)
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        return new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = options.ConnectTimeout > TimeSpan.Zero ? options.ConnectTimeout : Timeout.InfiniteTimeSpan,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90),
            SslOptions = tls,
            UseCookies = false,
            UseProxy = false,
        };
    }

    private async Task<T> AskAsync<T>(
        string url, HttpMethod method, ReadOnlyMemory<byte> body, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellation,
        string tag = "")
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_patience);
        try
        {
            using HttpResponseMessage first = await SendAsync(url, method, body, tag, limit.Token);
            if (first.StatusCode == HttpStatusCode.OK)
                return await read(first, limit.Token);
            string text = await first.Content.ReadAsStringAsync(limit.Token);
            if (first.StatusCode != HttpStatusCode.Forbidden || EncryptedUrl(url, text) is not { } encrypted)
                throw Refused(url, first, text);
            using HttpResponseMessage second = await SendAsync(encrypted, method, body, tag, limit.Token);
            if (second.StatusCode == HttpStatusCode.OK)
                return await read(second, limit.Token);
            throw Refused(encrypted, second, await second.Content.ReadAsStringAsync(limit.Token));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UpstreamException($"{url}: no answer within {_patience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UriFormatException)
        {
            throw new UpstreamException($"{url}: {e.Message}");
        }
        catch (JsonException e)
        {
            throw new UpstreamException($"{url}: what it answered is not what was expected: {e.Message}");
        }
    }

    private async Task<HttpResponseMessage> SendAsync(string url, HttpMethod method, ReadOnlyMemory<byte> body, string tag, CancellationToken cancellation)
    {
        using HttpRequestMessage request = new(method, url);
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(Accept));
        if (method != HttpMethod.Get)
            request.Content = new ReadOnlyMemoryContent(body);
        if (tag.Length > 0)
            request.Headers.IfMatch.ParseAdd(tag);
        return _own.Find(request.RequestUri!) is { } site
            ? await site.SendAsync(request, cancellation)
            : await _remote.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    private static UpstreamException Refused(string url, HttpResponseMessage response, string text) => new(
        string.Create(CultureInfo.InvariantCulture,
            $"{url}: got response {(int)response.StatusCode} {response.ReasonPhrase} \"{(text.Length > ErrorTextLimit ? text[..ErrorTextLimit] : text)}\""),
        (int)response.StatusCode,
        text);

    private static string? EncryptedUrl(string url, string body)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, ClusterJson.Default.TlsRequired) is not { Port: > 0 and <= ushort.MaxValue } required)
                return null;
            return new UriBuilder(url) { Scheme = Uri.UriSchemeHttps, Port = required.Port }.Uri.AbsoluteUri;
        }
        catch (JsonException)
        {
            // An error of another kind: it is told as it is.
            return null;
        }
    }
}
