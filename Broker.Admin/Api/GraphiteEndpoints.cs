using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>What the admin web asks Graphite: a rate for <c>/api/graphite</c>, and whatever browsers ask for on <c>/render</c> (spec 5.1).</summary>
internal sealed class GraphiteEndpoints : IDisposable
{
    private static readonly V1Error InvalidMetric = V1Error.Of(StatusCodes.Status400BadRequest, "INVALID_ARG_METRIC");
    private static readonly V1Error InvalidTarget = V1Error.Of(StatusCodes.Status400BadRequest, "INVALID_ARG_TARGET");

    private readonly AdminOptions _options;
    private readonly AdminPaths _paths;
    private readonly ILogger<GraphiteEndpoints> _logger;
    private readonly HttpClient _client;

    // Without the user and password that the URL may have.
    private readonly string _address;

    /// <param name="options">Where Graphite is.</param>
    /// <param name="paths">Where it lies.</param>
    /// <param name="logger">The log.</param>
    public GraphiteEndpoints(AdminOptions options, AdminPaths paths, ILogger<GraphiteEndpoints> logger)
    {
        _options = options;
        _paths = paths;
        _logger = logger;
        _address = options.GraphiteUrl.Length == 0 ? "" : new Uri(options.GraphiteUrl).Authority;
        _client = new HttpClient(NodeClient.CreateHandler(options));
        if (options.RequestTimeout > TimeSpan.Zero)
            _client.Timeout = options.RequestTimeout;
    }

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(_paths.At("/api/graphite"), RateAsync);
        if (_options.ProxyGraphite)
            endpoints.MapGet(_paths.At("/render"), ForwardAsync);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async ValueTask<IResult> RateAsync(HttpContext context)
    {
        if (QueryParameters.Of(context.Request) is not { } parameters)
            return V1Error.InvalidRequest;
        if (parameters.Find("metric") != "rate")
            return InvalidMetric;
        if (parameters.Find("target") is not { } target)
            return InvalidTarget;

        long seconds = (long)_options.StatsdInterval.TotalSeconds;
        string query = string.Create(CultureInfo.InvariantCulture,
            $"?format=json&from=-{seconds * 2}sec&target={Uri.EscapeDataString(target)}&until=-{seconds}sec");
        try
        {
            using HttpResponseMessage answer = await SendAsync(query, context.RequestAborted);
            answer.EnsureSuccessStatusCode();
            await using Stream body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
            List<GraphiteSeries>? series = await JsonSerializer.DeserializeAsync(body, ApiJson.Default.ListGraphiteSeries, context.RequestAborted);
            if (series is not [{ Datapoints: [[{ } count, ..], ..] }, ..])
                throw new JsonException("it has no point for that time");
            string rate = count < 0 ? "N/A" : (count / Math.Max(1, seconds)).ToString("F2", CultureInfo.InvariantCulture);
            return V1Result.Json(new RateAnswer(rate), ApiJson.Readable.RateAnswer);
        }
        catch (Exception e) when (IsGraphites(e, context))
        {
            _logger.GraphiteFailed(_address, e.Message);
            return V1Error.Internal;
        }
    }

    private async ValueTask<IResult> ForwardAsync(HttpContext context)
    {
        try
        {
            using HttpResponseMessage answer = await SendAsync(context.Request.QueryString.Value ?? "", context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (Exception e) when (IsGraphites(e, context))
        {
            _logger.GraphiteFailed(_address, e.Message);
            context.Response.StatusCode = StatusCodes.Status502BadGateway;
        }
        return Results.Empty;
    }

    private static bool IsGraphites(Exception e, HttpContext context) =>
        e is HttpRequestException or JsonException or UriFormatException or InvalidOperationException
        || e is TaskCanceledException && !context.RequestAborted.IsCancellationRequested;

    private Task<HttpResponseMessage> SendAsync(string query, CancellationToken cancellation)
    {
        Uri graphite = new($"{_options.GraphiteUrl.TrimEnd('/')}/render{query}");
        HttpRequestMessage request = new(HttpMethod.Get, new UriBuilder(graphite) { UserName = "", Password = "" }.Uri);
        if (graphite.UserInfo.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(graphite.UserInfo))));
        }
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }
}
