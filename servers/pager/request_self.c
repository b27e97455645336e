/* Requests of programs about their own space. */
#include "memory.h"
#include "object.h"
#include "request.h"

void pager_on_brk(struct pager_request *request)
{
    struct space *s = request_self(request);
    if (s == NULL) {
        return;
    }
    uint64_t wanted = request->in.brk.new_break;
    if (wanted != 0) {
        request->error = memory_break(s, wanted);
    }
    request->result.brk.current_break = s->heap_break;
}

void pager_on_map(struct pager_request *request)
{
    struct space *s = request_self(request);
    if (s == NULL) {
        return;
    }
    uint64_t asked = request->in.map.rights_flags;
    unsigned rights = asked & (MAP_R | MAP_W | MAP_X);
    uint32_t first;
    uint32_t end;
    if ((asked & ~(uint64_t)(MAP_R | MAP_W | MAP_X | REGION_SHARED)) != 0 ||
        !memory_rights_valid(rights) ||
        memory_range(request->in.map.address, request->in.map.pages, &first, &end) != ERR_OK) {
        request->error = PAGER_ERR_INVAL;
        return;
    }
    request->error =
        memory_map(s, first, end - first, rights, (asked & REGION_SHARED) != 0, &first);
    request->result.map.address = (uint64_t)first << PAGE_SHIFT;
}

void pager_on_unmap(struct pager_request *request)
{
    struct space *s = request_self(request);
    if (s == NULL) {
        return;
    }
    uint32_t first;
    uint32_t end;
    request->error = memory_range(request->in.unmap.address, request->in.unmap.pages, &first, &end);
    if (request->error == ERR_OK) {
        request->error = memory_remove_some(s, first, end, &first);
        request->result.unmap.pages = request->error == ERR_OK ? end - first : 0;
    }
}

void pager_on_protect(struct pager_request *request)
{
    struct space *s = request_self(request);
    if (s == NULL) {
        return;
    }
    uint32_t first;
    uint32_t end;
    request->error =
        memory_range(request->in.protect.address, request->in.protect.pages, &first, &end);
    if (request->error == ERR_OK && request->in.protect.rights > (MAP_R | MAP_W | MAP_X)) {
        request->error = PAGER_ERR_INVAL;
    }
    if (request->error == ERR_OK) {
        request->error = memory_protect(s, first, end, (unsigned)request->in.protect.rights, &end);
        request->result.protect.pages = request->error == ERR_OK ? end - first : 0;
    }
}

/* The object that [first, end) shows whole, be it in several regions, or NULL. Who may never write
 * there may not share it on: a key gives any right. */
static struct object *whole_object(const struct space *s, uint32_t first, uint32_t end)
{
    const struct region *r = region_find(s->map, first);
    if (r == NULL || !region_is_shared(r)) {
        return NULL;
    }
    uint32_t backing = r->backing;
    uint32_t page = first;
    while (page < end) {
        r = region_find(s->map, page);
        if (r == NULL || r->backing != backing || (r->max_rights & MAP_W) == 0 ||
            r->offset_pages + page - r->first_page != page - first) {
            return NULL;
        }
        page = region_end(r);
    }
    struct object *object = object_at(backing - BACKING_OBJECT);
    return page == end && object->pages == end - first ? object : NULL;
}

void pager_on_share_make(struct pager_request *request)
{
    struct space *s = request_self(request);
    if (s == NULL) {
        return;
    }
    uint32_t first;
    uint32_t end;
    request->error =
        memory_range(request->in.share_make.address, request->in.share_make.pages, &first, &end);
    if (request->error != ERR_OK) {
        return;
    }
    struct object *object = whole_object(s, first, end);
    if (object == NULL) {
        request->error = PAGER_ERR_INVAL;
        return;
    }
    request->result.share_make.key = object_open(object);
    request->result.share_make.object_id = object->index;
}

void pager_on_share_map(struct pager_request *request)
{
    struct space *s = request_self(request);
    if (s == NULL) {
        return;
    }
    if ((request->badge & PAGER_BADGE_TRUSTED) == 0) { /* O4 */
        request->error = PAGER_ERR_DENIED;
        return;
    }
    uint64_t rights = request->in.share_map.rights;
    uint64_t id = request->in.share_map.object_id;
    struct object *object = id <= UINT32_MAX ? object_at((uint32_t)id) : NULL;
    if (object == NULL || object->key == 0 || object->key != request->in.share_map.key) {
        request->error = PAGER_ERR_DENIED;
        return;
    }
    if ((rights != MAP_R && rights != (MAP_R | MAP_W)) || object->pages > MEMORY_SHARE_PAGES_MAX) {
        request->error = PAGER_ERR_INVAL;
        return;
    }
    uint32_t first = 0;
    request->error = memory_map_object(s, object, (unsigned)rights, &first);
    if (request->error == ERR_OK) {
        object->key = 0; /* O4 */
        request->result.share_map.address = (uint64_t)first << PAGE_SHIFT;
        request->result.share_map.pages = object->pages;
    }
}
