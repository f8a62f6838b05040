using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Broker.Client;

/// <summary>Asks lookup services which servers have a topic.</summary>
internal sealed class LookupClient : IDisposable
{
    private readonly NsqConsumerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Uri[] _queries;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };

    public LookupClient(NsqConsumerOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _queries = [.. options.LookupAddresses.Select(address => QueryFor(address, options.Topic))];
        _http.DefaultRequestHeaders.Accept.ParseAdd("application/vnd.nsq; version=1.0");
        if (options is { AuthorizeLookups: true, AuthSecret: { } secret })
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
    }

    /// <summary>The question to a lookup service, from host:port or a URL.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static Uri QueryFor(string address, string topic)
    {
        if (!address.Contains("://", StringComparison.Ordinal))
        {
            // Without a port it would silently mean port 80, where no lookup service listens.
            _ = NsqAddress.Parse(address.Split('/')[0]);
            address = "http://" + address;
        }
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            throw new ArgumentException($"\"{address}\" is neither host:port nor an HTTP URL");
        UriBuilder query = new(uri);
        if (query.Path is "" or "/") query.Path = "/lookup";
        string argument = "topic=" + Uri.EscapeDataString(topic);
        query.Query = query.Query.Length > 1 ? $"{query.Query[1..]}&{argument}" : argument;
        return query.Uri;
    }

    /// <summary>
    /// Asks all services at once, so that one that lags behind hides no server; null when none of them answered.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<IReadOnlySet<NsqAddress>?> FindAsync(CancellationToken cancellation)
    {
        IReadOnlyList<NsqAddress>?[] answers = await Task.WhenAll(_queries.Select(query => AskAsync(query, cancellation))).ConfigureAwait(false);
        return answers.All(answer => answer is null) ? null : answers.Where(answer => answer is not null).SelectMany(answer => answer!).ToHashSet();
    }

    public void Dispose() => _http.Dispose();

    private async Task<IReadOnlyList<NsqAddress>?> AskAsync(Uri query, CancellationToken cancellation)
    {
        using CancellationTokenSource timeout = new(_options.LookupTimeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(query, either.Token).ConfigureAwait(false);
            // A topic that nobody has published to yet.
            if (response.StatusCode == System.Net.HttpStatusCode.NotFound) return [];
            response.EnsureSuccessStatusCode();
            byte[] json = await response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false);
            LookupReply? reply = JsonSerializer.Deserialize(json, LookupJson.Default.LookupReply);
            // Services older than 1.0 wrap the answer.
            IReadOnlyList<LookupProducer>? producers = reply?.Producers ?? reply?.Data?.Producers;
            return [.. (producers ?? []).Select(producer => new NsqAddress(producer.BroadcastAddress, producer.TcpPort))];
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            ClientLog.LookupFailed(_logger, query, $"no answer within {_options.LookupTimeout}");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException)
        {
            ClientLog.LookupFailed(_logger, query, e.Message);
        }
        return null;
    }
}
