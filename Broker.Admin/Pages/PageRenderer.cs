using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>Makes HTML of components, on the server and once.</summary>
/// <param name="services">What components may ask for.</param>
/// <param name="loggers">Where renderers log.</param>
public sealed class PageRenderer(IServiceProvider services, ILoggerFactory loggers)
{
    /// <summary>Renders a page, and notes what changes on it while one looks at it.</summary>
    public async Task<string> RenderAsync(PageContext context, PageContent content, LiveValues values)
    {
        await using HtmlRenderer renderer = new(services, loggers);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            ParameterView parameters = ParameterView.FromDictionary(new Dictionary<string, object?>
            {
                [nameof(Document.Context)] = context,
                [nameof(Document.Content)] = content,
                [nameof(Document.Values)] = values,
            });
            string html = (await renderer.RenderComponentAsync<Document>(parameters)).ToHtmlString();
            return html.Replace(Document.ShapePlace, values.Shape, StringComparison.Ordinal);
        });
    }
}
