using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Broker.Admin;

/// <summary>Reads forms that come from pages of this site, and no others.</summary>
/// <param name="pages">Shows why a form is not taken.</param>
/// <param name="antiforgery">Knows the forms.</param>
internal sealed class PageForms(PageEndpoints pages, IAntiforgery antiforgery)
{
    // A message of nsqd's default greatest size in hex, percent-encoded, and then some.
    private const long Limit = 8 << 20;

    /// <summary>Answers a form.</summary>
    public async ValueTask<IResult> ReadAsync(HttpContext context, Func<IFormCollection, ValueTask<IResult>> answer)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = Limit;
        if (!context.Request.HasFormContentType)
            return V1Error.InvalidRequest;
        IFormCollection form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            await pages.ShowAsync(context, new PageContent(
                typeof(ErrorPage), "Please try again", new ErrorModel("Please try again", "The page had expired, so nothing was done. Go back, reload it and try again.")) { Status = StatusCodes.Status400BadRequest });
            return Results.Empty;
        }
        return await answer(form);
    }
}
