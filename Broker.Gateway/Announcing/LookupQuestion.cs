using System.Globalization;
using Broker.Protocol.Lookup;

namespace Broker.Gateway.Announcing;

/// <summary>Asks lookup services over HTTP, for an answer that somebody waits for.</summary>
internal sealed class LookupQuestion : IDisposable
{
    /// <summary>How long the answer is waited for.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http;

    /// <param name="maxAnswer">Greatest size of an answer in bytes.</param>
    public LookupQuestion(int maxAnswer = int.MaxValue) =>
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false })
        {
            MaxResponseContentBufferSize = maxAnswer,
            Timeout = Timeout.InfiniteTimeSpan,
        };

    /// <summary>The address of a question to a service.</summary>
    public static string UrlOf(PeerInfo service, string path)
    {
        string host = service.BroadcastAddress is { } name && name.Contains(':') ? $"[{name}]" : service.BroadcastAddress ?? "";
        return string.Create(CultureInfo.InvariantCulture, $"http://{host}:{service.HttpPort}{path}");
    }

    /// <summary>Asks.</summary>
    /// <exception cref="HttpRequestException">There was no answer, or it was an error or too big.</exception>
    /// <exception cref="UriFormatException">The service has told no address that can be asked.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<byte[]> AskAsync(string url, CancellationToken cancellation) => _http.GetByteArrayAsync(url, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
