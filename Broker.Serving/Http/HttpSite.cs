using System.Net;
using Broker.Serving.Http.Protection;
using Broker.Serving.Http.Replies;
using Broker.Serving.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broker.Serving.Http;

/// <summary>
/// What is served to those who come by one HTTP listener: one process serves several (nsqd's API, nsqlookupd's, the admin web) on
/// ports of their own. All follow the rules of spec 3.1.
/// </summary>
public abstract class HttpSite
{
    private readonly ILogger _logger;
    private readonly RequestDelegate _own;
    private readonly ServingMetrics? _metrics;
    private readonly RequestDelegate _pipeline;
    private readonly RequestDelegate _entry;
    private readonly RequestDelegate _localEntry;
    private readonly HttpLimits? _limits;
    private readonly BrowserGuard? _guard;

    /// <param name="services">Where routing finds its parts.</param>
    /// <param name="logger">Where requests that crash are logged.</param>
    protected HttpSite(IServiceProvider services, ILogger logger)
    {
        _logger = logger;
        _metrics = services.GetService<ServingMetrics>();
        _limits = services.GetService<HttpLimits>();
        _guard = services.GetService<BrowserGuard>();
        ApplicationBuilder app = new(services);
        RouteTable table = new(AnswerUnknownAsync);
        Use(services, app);
        app.Use(next => context => table.AnswerAsync(context) is { } answer ? answer : next(context));
        app.UseRouting();
        app.UseEndpoints(endpoints =>
        {
            Map(services, endpoints);
            table.AddAll(endpoints.DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>());
        });
        _own = app.Build();
        _pipeline = CreateGate(services) is { } gate ? context => gate.PassAsync(context, _own) : _own;
        _entry = context => PassAsync(context, checksHost: false);
        _localEntry = context => PassAsync(context, checksHost: true);
    }

    /// <summary>Answers a request that came by a listener that was given a site with <see cref="ServeOn"/>.</summary>
    public static Task DispatchAsync(HttpContext context)
    {
        Entrance entrance = context.Features.Get<Entrance>()!;
        return entrance.Site.ServeAsync(context, entrance.IsOnLoopback);
    }

    /// <summary>Answers a request that this process makes of itself: nobody who came by a listener, so no gate looks at it.</summary>
    public Task AnswerOwnAsync(HttpContext context) => ServeAsync(context, _own);

    /// <summary>Has those who come by <paramref name="listener"/> served by this site.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="encrypt">Puts encryption on the listener, behind the limits on connections; null when they come in the clear.</param>
    public void ServeOn(ListenOptions listener, Action<ListenOptions>? encrypt = null)
    {
        // As nsqd's: what speaks to it needs no more.
        listener.Protocols = HttpProtocols.Http1;
        _limits?.Bound(listener);
        encrypt?.Invoke(listener);
        Entrance entrance = new(this, listener.IPEndPoint is { Address: { } address } && IPAddress.IsLoopback(address));
        listener.Use(next => connection =>
        {
            connection.Features.Set(entrance);
            return next(connection);
        });
    }

    /// <summary>Whether nobody gets in without a log-in.</summary>
    protected virtual bool HasLogin => false;

    /// <summary>Whether there are pages of its own that have a browser change something; then the site looks after them.</summary>
    protected virtual bool HasPages => false;

    /// <summary>Whether what answers requests bounds their bodies.</summary>
    protected virtual bool BoundsBodies => false;

    /// <summary>Who is to look at each request first; called by the constructor. Null for nobody.</summary>
    protected virtual IHttpGate? CreateGate(IServiceProvider services) => null;

    /// <summary>Puts what is to see every request before the endpoints; called by the constructor.</summary>
    protected virtual void Use(IServiceProvider services, IApplicationBuilder app)
    {
    }

    /// <summary>Answers what is asked of a path that there is not.</summary>
    protected virtual Task AnswerUnknownAsync(HttpContext context) => V1Error.NotFound.ExecuteAsync(context);

    /// <summary>Names what is served; called by the constructor.</summary>
    protected abstract void Map(IServiceProvider services, IEndpointRouteBuilder endpoints);

    private async Task ServeAsync(HttpContext context, bool isOnLoopback)
    {
        try
        {
            if (context.Request.Headers.Expect.Count > 0 && !ExpectsContinue(context.Request))
                RefuseExpectation(context.Response);
            else
                await ServeAsync(context, isOnLoopback && !HasLogin ? _localEntry : _entry);
        }
        finally
        {
            _metrics?.Answered(context.Response.StatusCode);
        }
    }

    private static bool ExpectsContinue(HttpRequest request) =>
        string.Equals(request.Headers.Expect.ToString(), "100-continue", StringComparison.OrdinalIgnoreCase);

    private static void RefuseExpectation(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status417ExpectationFailed;
        response.Headers.Connection = "close";
        response.ContentLength = 0;
    }

    private async Task PassAsync(HttpContext context, bool checksHost)
    {
        if (_limits is not null)
            await _limits.TakeAsync(context, !BoundsBodies);
        if (_guard?.Check(context, checksHost, checksOrigin: !HasPages) is { } refusal)
            await refusal.ExecuteAsync(context);
        else
            await _pipeline(context);
    }

    private async Task ServeAsync(HttpContext context, RequestDelegate pipeline)
    {
        try
        {
            await pipeline(context);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            _logger.RequestAborted(context.Request.Method, context.Request.Path);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            // Too slow, too big, or no HTTP. Kestrel would log it as a fault of ours.
            _limits?.Count(context.Features, e);
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }
            context.Response.Headers.Connection = "close";
            await V1Error.Of(e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? "BODY_TOO_BIG" : "INVALID_REQUEST").ExecuteAsync(context);
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            QueryParameters? parameters = QueryParameters.Of(context.Request);
            _logger.RequestFailed(
                e,
                context.Connection.RemoteIpAddress?.ToString() ?? "",
                context.Request.Method,
                context.Request.Path,
                parameters?.Find("topic") ?? "",
                parameters?.Find("channel") ?? "");
            await V1Error.Internal.ExecuteAsync(context);
        }
    }

    /// <summary>What a connection came by.</summary>
    private sealed record Entrance(HttpSite Site, bool IsOnLoopback);
}
