using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Admin;

/// <summary>Serves the files that browsers fetch, and <c>/ping</c> (spec 5.1).</summary>
/// <param name="files">The files.</param>
/// <param name="paths">Where they lie.</param>
internal sealed class StaticEndpoints(StaticFiles files, AdminPaths paths)
{
    private static readonly PlainResult NotFound = new("NOT_FOUND", StatusCodes.Status404NotFound);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(paths.At("/ping"), static _ => new(new PlainResult("OK")));
        endpoints.MapGet(paths.At("/static/{asset}"), ServeAsync);
        endpoints.MapGet(paths.At("/fonts/{asset}"), ServeAsync);
    }

    private async ValueTask<IResult> ServeAsync(HttpContext context)
    {
        if (files.Find((string)context.Request.RouteValues["asset"]!) is not { } file)
            return NotFound;
        string tag = $"\"{file.Version}\"";
        HttpResponse response = context.Response;
        response.Headers.ETag = tag;
        bool isVersioned = context.Request.Query["v"] == file.Version;
        response.Headers.CacheControl = isVersioned ? "public, max-age=31536000, immutable" : "no-cache";
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Results.Empty;
        }
        response.ContentType = file.Type;
        await response.Body.WriteAsync(file.Bytes, context.RequestAborted);
        return Results.Empty;
    }
}
