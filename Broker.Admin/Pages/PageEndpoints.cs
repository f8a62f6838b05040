using System.Globalization;
using System.Text;
using System.Text.Json;
using Broker.Serving.Http;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>
/// Serves pages: HTML that is made here, once, and, for those that change while one looks at them, what has changed after each sample
/// as server-sent events under the page's own address.
/// </summary>
internal sealed class PageEndpoints(
    PageRenderer renderer,
    AdminOptions options,
    AdminPaths paths,
    AdminAccess access,
    StaticFiles files,
    Notices notices,
    ClusterSampler sampler,
    IAntiforgery antiforgery,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<PageEndpoints> logger)
{
    private const string GraphIntervalCookie = "broker_admin_graphs";

    /// <summary>Answers GET requests with a page.</summary>
    public void Map(IEndpointRouteBuilder endpoints, string path, Func<HttpContext, Task<PageContent>> build) =>
        endpoints.MapGet(paths.At(path), async context =>
        {
            if (context.Request.Query.ContainsKey("live"))
                await StreamAsync(context, build);
            else
                await ShowAsync(context, await BuildAsync(context, build));
            return Results.Empty;
        });

    /// <summary>Answers with a page.</summary>
    public async Task ShowAsync(HttpContext context, PageContent content)
    {
        string html = await renderer.RenderAsync(Describe(context, hasForms: true), content, new LiveValues());
        HttpResponse response = context.Response;
        response.StatusCode = content.Status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(html), context.RequestAborted);
    }

    /// <summary>Builds a page; what goes wrong with the brokers is a page too.</summary>
    public async Task<PageContent> BuildAsync(HttpContext context, Func<HttpContext, Task<PageContent>> build)
    {
        try
        {
            return await build(context);
        }
        catch (UpstreamException e)
        {
            logger.NodesFailed(e.Message);
            return new PageContent(typeof(ErrorPage), "No answer", new ErrorModel("No answer", "No node answered. Check that the nodes run and that their addresses are right."))
            {
                Error = e.Message,
                Status = StatusCodes.Status502BadGateway,
            };
        }
    }

    private PageContext Describe(HttpContext context, bool hasForms) => new()
    {
        User = context.GetAdminUser(),
        Paths = paths,
        Files = files,
        Url = UrlOf(context.Request),
        FormToken = hasForms ? antiforgery.GetAndStoreTokens(context).RequestToken! : "",
        Notice = notices.Take(context.Request.Query["notice"]),
        Version = options.Version,
        HasLogin = access.HasLogin,
        Now = time.GetUtcNow(),
        Graphs = options.GraphiteUrl.Length == 0 ? null : new GraphiteGraphs(options, paths, GraphIntervalOf(context)),
    };

    // What belongs to one showing of a page alone is no part of its address.
    private static string UrlOf(HttpRequest request)
    {
        IEnumerable<string> query = request.Query
            .Where(static parameter => parameter.Key is not ("notice" or "live"))
            .Select(static parameter => $"{Uri.EscapeDataString(parameter.Key)}={Uri.EscapeDataString(parameter.Value.ToString())}");
        string joined = string.Join('&', query);
        return request.Path.ToUriComponent() + (joined.Length == 0 ? "" : $"?{joined}");
    }

    private string GraphIntervalOf(HttpContext context)
    {
        string chosen = context.Request.Query["t"].ToString();
        if (!GraphiteGraphs.Intervals.Contains(chosen))
            return context.Request.Cookies[GraphIntervalCookie] is { } kept && GraphiteGraphs.Intervals.Contains(kept) ? kept : "2h";
        if (!context.Response.HasStarted)
        {
            context.Response.Cookies.Append(
                GraphIntervalCookie, chosen, new CookieOptions { Path = options.BasePath, SameSite = SameSiteMode.Strict, HttpOnly = true });
        }
        return chosen;
    }

    private async Task StreamAsync(HttpContext context, Func<HttpContext, Task<PageContent>> build)
    {
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        HttpResponse response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // Proxies must not wait until there is more of it.
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        LiveValues? shown = null;
        try
        {
            while (true)
            {
                PageContent content = await BuildAsync(context, build);
                if (content.Sample is not { } sample)
                    return;
                LiveValues values = new();
                await renderer.RenderAsync(Describe(context, hasForms: false), content, values);
                LiveEvent change = new(values.Shape, values.Since(shown));
                shown = values;
                string line = string.Create(CultureInfo.InvariantCulture, $"data: {JsonSerializer.Serialize(change, LiveJson.Default.LiveEvent)}\n\n");
                await response.WriteAsync(line, gone.Token);
                await response.Body.FlushAsync(gone.Token);
                await sampler.NextAsync(sample, gone.Token);
                if (!(await access.IdentifyAsync(context)).IsKnown)
                    return;
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The browser left, or the server does: it comes back by itself.
        }
    }
}
