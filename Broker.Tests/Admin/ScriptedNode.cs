using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Admin;

/// <summary>Somebody else's server: it answers some paths as it was told to, 404 <c>NOT_FOUND</c> to all others, and remembers what came.</summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedNode(WebApplication app) => _app = app;

    /// <summary>host:port.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Path and query, headers and body of each request, in order.</summary>
    public ConcurrentQueue<(string Url, IHeaderDictionary Headers, string Body)> Requests { get; } = [];

    /// <param name="answers">Bodies by path; <c>{port}</c> in them stands for the server's own.</param>
    public static async Task<ScriptedNode> StartAsync(params (string Path, string Body)[] answers)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        ScriptedNode node = new(builder.Build());
        node._app.Run(async context =>
        {
            using StreamReader reader = new(context.Request.Body);
            string body = await reader.ReadToEndAsync();
            node.Requests.Enqueue(($"{context.Request.Path}{context.Request.QueryString}", new HeaderDictionary(context.Request.Headers.ToDictionary()), body));
            string? answer = answers.FirstOrDefault(answer => answer.Path == context.Request.Path).Body;
            context.Response.StatusCode = answer is null ? 404 : 200;
            await context.Response.WriteAsync((answer ?? """{"message":"NOT_FOUND"}""").Replace("{port}", node.Address.Split(':')[1], StringComparison.Ordinal));
        });
        await node._app.StartAsync();
        string url = node._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        node.Address = new Uri(url).Authority;
        return node;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
