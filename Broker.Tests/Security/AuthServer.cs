using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Security;

/// <summary>An auth server that answers what the test says, and remembers what it was asked.</summary>
internal sealed class AuthServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private AuthServer(WebApplication application) => _application = application;

    /// <summary>host:port.</summary>
    public string Address => new Uri(_application.Urls.Single()).Authority;

    public string Answer { get; set; } = "{}";

    public int Status { get; set; } = 200;

    /// <summary>Method, path with query, Accept, Content-Type and body, each request one line.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<AuthServer> StartAsync(string answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication application = builder.Build();
        AuthServer server = new(application) { Answer = answer };
        application.Run(server.RespondAsync);
        await application.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private async Task RespondAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        using StreamReader body = new(request.Body);
        Requests.Enqueue(
            $"{request.Method} {request.Path}{request.QueryString} {request.Headers.Accept} {request.ContentType} {await body.ReadToEndAsync()}".TrimEnd());
        context.Response.StatusCode = Status;
        await context.Response.WriteAsync(Answer);
    }
}
