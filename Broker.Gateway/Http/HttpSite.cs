using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Http;

/// <summary>
/// What is served to those who come by one HTTP listener: one process serves several (nsqd's API, nsqlookupd's, the admin web) on
/// ports of their own. All follow the rules of spec 3.1.
/// </summary>
public abstract class HttpSite
{
    private readonly ILogger _logger;
    private readonly GatewayMetrics? _metrics;
    private readonly RequestDelegate _pipeline;

    /// <param name="services">Where routing finds its parts.</param>
    /// <param name="logger">Where requests that crash are logged.</param>
    protected HttpSite(IServiceProvider services, ILogger logger)
    {
        _logger = logger;
        _metrics = services.GetService<GatewayMetrics>();
        ApplicationBuilder app = new(services);
        RouteTable table = new();
        if (CreateGate(services) is { } gate)
            app.Use(next => context => gate.PassAsync(context, next));
        app.Use(next => context => table.AnswerAsync(context) is { } answer ? answer : next(context));
        app.UseRouting();
        app.UseEndpoints(endpoints =>
        {
            Map(services, endpoints);
            table.AddAll(endpoints.DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>());
        });
        _pipeline = app.Build();
    }

    /// <summary>Answers a request that came by a listener that was given a site with <see cref="ServeOn"/>.</summary>
    public static Task DispatchAsync(HttpContext context) =>
        context.Features.Get<HttpSite>()!.ServeAsync(context);

    /// <summary>Has those who come by <paramref name="listener"/> served by this site.</summary>
    public void ServeOn(ListenOptions listener)
    {
        // As nsqd's: what speaks to it needs no more.
        listener.Protocols = HttpProtocols.Http1;
        listener.Use(next => connection =>
        {
            connection.Features.Set(this);
            return next(connection);
        });
    }

    /// <summary>Who is to look at each request first; called by the constructor. Null for nobody.</summary>
    internal virtual HttpGate? CreateGate(IServiceProvider services) => null;

    /// <summary>Names what is served; called by the constructor.</summary>
    protected abstract void Map(IServiceProvider services, IEndpointRouteBuilder endpoints);

    private async Task ServeAsync(HttpContext context)
    {
        try
        {
            await _pipeline(context);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            _logger.RequestAborted(context.Request.Method, context.Request.Path);
        }
        catch (Exception e) when (e is not Microsoft.AspNetCore.Http.BadHttpRequestException && !context.Response.HasStarted)
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
        finally
        {
            _metrics?.Answered(context.Response.StatusCode);
        }
    }
}
