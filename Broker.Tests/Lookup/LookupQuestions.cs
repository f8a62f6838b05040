using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Broker.Tests.Lookup;

/// <summary>Asks a lookup service over HTTP.</summary>
internal sealed class LookupQuestions(Func<IPEndPoint> service) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });

    public Task<HttpResponseMessage> SendAsync(string method, string path) =>
        _http.SendAsync(new HttpRequestMessage(new HttpMethod(method), new Uri($"http://{service()}{path}")));

    public async Task<(int Status, string Body)> AskAsync(string method, string path)
    {
        using HttpResponseMessage response = await SendAsync(method, path);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public Task<(int Status, string Body)> GetAsync(string path) => AskAsync("GET", path);

    public Task<(int Status, string Body)> PostAsync(string path) => AskAsync("POST", path);

    public async Task<JsonElement> GetJsonAsync(string path)
    {
        (int status, string body) = await GetAsync(path);
        Assert.Equal((200, path), (status, path));
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>TCP ports of a topic's producers, comma-separated and ordered; null when the topic is not known.</summary>
    public async Task<string?> ProducersAsync(string topic)
    {
        (int status, string body) = await GetAsync($"/lookup?topic={topic}");
        if (status == 404) return null;
        IEnumerable<int> ports = JsonDocument.Parse(body).RootElement.GetProperty("producers").EnumerateArray()
            .Select(producer => producer.GetProperty("tcp_port").GetInt32());
        return string.Join(',', ports.Order());
    }

    /// <summary>Waits until a question is answered as expected.</summary>
    public async Task UntilAsync(
        string path, Func<string, bool> expected, [CallerArgumentExpression(nameof(expected))] string? expression = null)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            string answer;
            try
            {
                answer = (await GetAsync(path)).Body;
                if (expected(answer)) return;
            }
            catch (HttpRequestException e)
            {
                answer = e.Message;
            }

            if (TimeProvider.System.GetElapsedTime(start) > Patience)
                throw new Xunit.Sdk.XunitException($"{path}: {expression}: not so within {Patience.TotalSeconds} s, but {answer}");
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    public void Dispose() => _http.Dispose();
}
