using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Serving.Http;

/// <summary>Maps handlers that return a result, without the reflection by which minimal APIs bind parameters.</summary>
public static class ResultEndpoints
{
    /// <summary>Answers GET requests.</summary>
    public static void MapGet(this IEndpointRouteBuilder endpoints, string path, Func<HttpContext, ValueTask<IResult>> handler) =>
        EndpointRouteBuilderExtensions.MapGet(endpoints, path, Delegate(handler));

    /// <summary>Answers POST requests.</summary>
    public static void MapPost(this IEndpointRouteBuilder endpoints, string path, Func<HttpContext, ValueTask<IResult>> handler) =>
        EndpointRouteBuilderExtensions.MapPost(endpoints, path, Delegate(handler));

    /// <summary>Answers PUT requests.</summary>
    public static void MapPut(this IEndpointRouteBuilder endpoints, string path, Func<HttpContext, ValueTask<IResult>> handler) =>
        EndpointRouteBuilderExtensions.MapPut(endpoints, path, Delegate(handler));

    /// <summary>Answers DELETE requests.</summary>
    public static void MapDelete(this IEndpointRouteBuilder endpoints, string path, Func<HttpContext, ValueTask<IResult>> handler) =>
        EndpointRouteBuilderExtensions.MapDelete(endpoints, path, Delegate(handler));

    private static RequestDelegate Delegate(Func<HttpContext, ValueTask<IResult>> handler) =>
        async context => await (await handler(context)).ExecuteAsync(context);
}
