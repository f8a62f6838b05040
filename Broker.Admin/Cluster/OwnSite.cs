using System.Net;
using System.Net.Http.Headers;
using Broker.Serving.Http;
using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>A site of this process, asked as if over HTTP.</summary>
/// <param name="site">What answers.</param>
/// <param name="services">What its endpoints find their parts in.</param>
public sealed class OwnSite(HttpSite site, IServiceProvider services)
{
    /// <summary>Sends a request.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        MemoryStream answer = new();
        DefaultHttpContext context = new() { RequestServices = services, RequestAborted = cancellation };
        context.Request.Method = request.Method.Method;
        context.Request.Scheme = Uri.UriSchemeHttp;
        context.Request.Host = HostString.FromUriComponent(request.RequestUri!);
        context.Request.Path = PathString.FromUriComponent(request.RequestUri!);
        context.Request.QueryString = QueryString.FromUriComponent(request.RequestUri!);
        if (request.Headers.IfMatch.Count > 0)
            context.Request.Headers.IfMatch = request.Headers.IfMatch.ToString();
        if (request.Content is { } content)
            context.Request.Body = await content.ReadAsStreamAsync(cancellation);
        context.Response.Body = answer;
        await site.AnswerOwnAsync(context);
        cancellation.ThrowIfCancellationRequested();
        await context.Response.BodyWriter.FlushAsync(cancellation);
        answer.Position = 0;
        HttpResponseMessage response = new((HttpStatusCode)context.Response.StatusCode) { Content = new StreamContent(answer) };
        if (context.Response.Headers.ETag.ToString() is { Length: > 0 } tag)
            response.Headers.ETag = EntityTagHeaderValue.Parse(tag);
        return response;
    }
}
